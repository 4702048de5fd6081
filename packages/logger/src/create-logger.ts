import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { maskSecrets } from './mask-secrets.ts';
import { openStandardOutput, type StandardOutput } from './standard-output.ts';

export type { Logger };

export type LoggerOptions = {
  /** Which process writes: `api`, `worker`. */
  name: string;
  level: string;
  /** Not given: `pretty` when standard output is a terminal. */
  format: 'json' | 'pretty' | undefined;
  /** Values that may stand in no line, whatever an error message carries. */
  secrets: (string | undefined)[];
};

/** Makes the process's logger: JSON lines on standard output, times in ISO 8601, secrets masked in the finished line. */
export function createLogger({ name, level, format, secrets }: LoggerOptions): Logger {
  const mask = maskSecrets(secrets);
  const readable = format === 'pretty' || (format === undefined && process.stdout.isTTY);
  const onLost = (lines: number) => logger.warn({ lines }, 'Lines of the log are missing here');
  const output = () => writeEachTurn(openStandardOutput(onLost), mask);
  const destination = readable ? prettified(output()) : plainDestination(mask, output);
  const logger = pino(
    {
      name,
      level,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
    },
    destination,
  );
  return logger;
}

/** As pino's own `isoTime`, but made once for all lines of a millisecond. */
function createTimestamp(): () => string {
  let madeAtMs = 0;
  let made = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== madeAtMs) {
      madeAtMs = nowMs;
      made = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return made;
  };
}

const masked = (destination: DestinationStream, mask: (text: string) => string): DestinationStream => ({
  write: (line) => destination.write(mask(line)),
});

function prettified(destination: DestinationStream): DestinationStream {
  const prettify = prettyFactory({ colorize: process.stdout.isTTY, ignore: 'pid,hostname' });
  return { write: (line) => destination.write(prettify(line)) };
}

/**
 * In cluster mode pm2 replaces `process.stdout.write` by what writes the process's log file, and whatever goes to
 * descriptor 1 ends in the daemon's own log.
 */
function plainDestination(
  mask: (text: string) => string,
  output: () => DestinationStream,
): DestinationStream {
  const replaced = Object.hasOwn(process.stdout, 'write');
  return replaced ? masked(process.stdout, mask) : output();
}

/**
 * Masks and writes the lines of one turn of the event loop with one call: a busy worker logs dozens in a turn, and each
 * call costs as much as the line. A process that ends by itself loses none, one that is killed those of that turn.
 */
function writeEachTurn(output: StandardOutput, mask: (text: string) => string): DestinationStream {
  let gathered = '';
  const flush = () => {
    const lines = gathered;
    gathered = '';
    if (lines !== '') output.write(mask(lines));
  };
  process.on('exit', () => {
    output.retry();
    flush();
  });
  return {
    write(line) {
      if (gathered === '') setImmediate(flush);
      gathered += line;
    },
  };
}
