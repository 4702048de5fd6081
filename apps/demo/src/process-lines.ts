import type { LogLine, StartedProcess } from '@replybell/testing/started-process';

/** The longest time that a timer can wait, in milliseconds: about 24 days. */
const FOREVER_MS = 2 ** 31 - 1;

/** Every line that a process has written and writes, until it ends. */
export async function* linesOf(started: StartedProcess): AsyncGenerator<LogLine> {
  for (let since = 0; ; since += 1) {
    const line = await started
      .waitForLog(() => true, { since, timeoutMs: FOREVER_MS })
      .catch(() => undefined);
    if (!line) return;
    yield line;
  }
}

/** Rejects when the process ends, with its last lines. */
export async function whenEnded(started: StartedProcess): Promise<never> {
  const { code, signal } = await started.exited;
  throw new Error(
    `${started.name} ended unexpectedly (${signal ?? `code ${code}`}). Its last lines:\n${lastLines(started)}`,
  );
}

/** The last warnings and errors of a process that logs with pino; if there are none, its last lines. */
export function lastLines({ lines }: Pick<StartedProcess, 'lines'>): string {
  const troubles = lines.filter(({ fields }) =>
    ['warn', 'error', 'fatal'].includes(String(fields?.['level'])),
  );
  const shown = (troubles.length > 0 ? troubles : lines).slice(-5);
  return shown.map((line) => `  ${readableLine(line)}`).join('\n');
}

/** `12:04:01 warn  The worker can not work now …` for a line of pino; any other line as it is. */
export function readableLine({ text, fields }: LogLine): string {
  if (!fields) return text;
  const { time, level, msg, err } = fields as {
    time?: string;
    level?: string;
    msg?: string;
    err?: { message?: string };
  };
  const cause = err?.message ? `: ${err.message}` : '';
  return `${time?.slice(11, 19) ?? ''} ${(level ?? '').padEnd(5)} ${msg ?? ''}${cause}`;
}
