/** One line that a process wrote. `fields` is there when the line is a JSON object, as every line of pino is. */
export type LogLine = { text: string; fields?: Record<string, unknown> };

/** What to wait for: a part of the text, a pattern, or a condition. */
export type LogQuery = string | RegExp | ((line: LogLine) => boolean);

export type WaitForLog = (
  query: LogQuery,
  options?: { timeoutMs?: number; since?: number },
) => Promise<LogLine>;

/** The lines of one process, in the order they came, and those who wait for one. */
export type LineLog = {
  lines: readonly LogLine[];
  append(text: string): void;
  /** No more lines will come; `how` says why, for those who still wait. */
  end(how: string): void;
  waitFor: WaitForLog;
  /** An error about the process that shows its last lines. */
  failure(what: string): Error;
};

/** @param name what error messages call the process. */
export function createLineLog(name: string): LineLog {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let ended: string | undefined;

  const lookAgain = () => {
    for (const look of waiting) look();
  };
  const failure = (what: string) => new Error(`${name} ${what}. Its last lines:\n${lastLines(lines)}`);

  const waitFor: WaitForLog = (query, { timeoutMs = 10_000, since = 0 } = {}) => {
    const fits = matcher(query);
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const tooLate = () => reject(failure(`did not log ${query} within ${timeoutMs} ms`));
    const timer = setTimeout(tooLate, timeoutMs);
    let next = since;
    const look = () => {
      for (; next < lines.length; next += 1) {
        const line = lines[next];
        if (line && fits(line)) return resolve(line);
      }
      if (ended !== undefined) reject(failure(`ended (${ended}) without logging ${query}`));
    };
    waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };

  return {
    lines,
    append(text) {
      lines.push(parseLine(text));
      lookAgain();
    },
    end(how) {
      ended = how;
      lookAgain();
    },
    waitFor,
    failure,
  };
}

function parseLine(text: string): LogLine {
  if (!text.startsWith('{')) return { text };
  try {
    return { text, fields: JSON.parse(text) };
  } catch {
    return { text };
  }
}

function matcher(query: LogQuery): (line: LogLine) => boolean {
  if (typeof query === 'function') return query;
  if (typeof query === 'string') return (line) => line.text.includes(query);
  return (line) => query.test(line.text);
}

function lastLines(lines: LogLine[]): string {
  if (lines.length === 0) return '  (none)';
  return lines
    .slice(-15)
    .map((line) => `  ${line.text}`)
    .join('\n');
}
