import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';
import { maskSecrets } from './mask-secrets.ts';

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
  const output = () => standardOutput((lines) => logger.warn({ lines }, 'Lines of the log are missing here'));
  const destination = readable
    ? masked(pretty({ colorize: process.stdout.isTTY, ignore: 'pid,hostname', destination: output() }), mask)
    : plainDestination(mask, output);
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

/** So much is kept while standard output takes nothing, in bytes; what comes then is lost. */
const MOST_HELD_BYTES = 16 * 2 ** 20;

/**
 * Standard output. Where it is a file on a disk that is full the process goes on without a log, and writes it on when it can.
 *
 * @param onLost told of how many lines were lost, once it takes lines again.
 */
function standardOutput(onLost: (lines: number) => void): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MOST_HELD_BYTES });
  let lost = 0;
  // It keeps what it could not write, and tries again with the next lines; without a listener the process would end.
  destination.on('error', () => {});
  destination.on('drop', (text: string) => {
    lost += text.split('\n').length - 1;
  });
  destination.on('write', () => {
    if (lost > 0) onLost(lost);
    lost = 0;
  });
  return destination;
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

/**
 * In cluster mode pm2 replaces `process.stdout.write` by what writes the process's log file, and whatever goes to
 * descriptor 1 ends in the daemon's own log.
 */
function plainDestination(
  mask: (text: string) => string,
  output: () => DestinationStream,
): DestinationStream {
  const replaced = Object.hasOwn(process.stdout, 'write');
  return replaced ? masked(process.stdout, mask) : writeEachTurn(output(), mask);
}

/**
 * Masks and writes the lines of one turn of the event loop with one call: a busy worker logs dozens in a turn, and each
 * call costs as much as the line. A process that ends by itself loses none, one that is killed those of that turn.
 */
function writeEachTurn(destination: DestinationStream, mask: (text: string) => string): DestinationStream {
  let gathered = '';
  const flush = () => {
    const lines = gathered;
    gathered = '';
    if (lines !== '') destination.write(mask(lines));
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (gathered === '') setImmediate(flush);
      gathered += line;
    },
  };
}
