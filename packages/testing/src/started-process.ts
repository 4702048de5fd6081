import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type ProcessGuard, startProcessGuard } from './process-guard.ts';

/** One line that a process wrote. `fields` is there when the line is a JSON object, as every line of pino is. */
export type LogLine = { text: string; fields?: Record<string, unknown> };

/** What to wait for: a part of the text, a pattern, or a condition. */
export type LogQuery = string | RegExp | ((line: LogLine) => boolean);

/** One of the two is null: either it exited with a code, or a signal ended it. */
export type ProcessExit = { code: number | null; signal: NodeJS.Signals | null };

export type StartedProcess = {
  name: string;
  pid: number;
  /** Everything written so far to both output streams, oldest first. */
  lines: readonly LogLine[];
  /** Resolves when the process has ended and all its output was read, whoever ended it. Never rejects. */
  exited: Promise<ProcessExit>;
  /**
   * The first line that fits, among those already written too, from index `since` on. Rejects after `timeoutMs`
   * (10,000 if not given) or when the process ends first; the error shows the last lines.
   */
  waitForLog(query: LogQuery, options?: { timeoutMs?: number; since?: number }): Promise<LogLine>;
  /** Sends `signal` (SIGTERM) and waits for the end. After `timeoutMs` (30,000) it kills the process and rejects. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<ProcessExit & { tookMs: number }>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<ProcessExit>;
};

export type ProcessOptions = {
  /** What error messages call it. */
  name: string;
  command: string;
  args: string[];
  /** The whole environment, except PATH and HOME, which are passed on. */
  env?: Record<string, string>;
  /** Resolves the start; without it the process counts as ready at once. */
  readyWhen?: LogQuery;
  readyTimeoutMs?: number;
  /** The user to run as; only root can choose. */
  user?: { uid: number; gid: number };
  /** Ends the process when this one dies; without it, a guard of its own that kills. */
  guard?: ProcessGuard;
};

/**
 * Starts a process and reads its output line by line. It gets a process group of its own, so Ctrl-C in a terminal
 * reaches only the caller, who then stops things in order; and it ends with the caller, even if that is killed.
 *
 * @throws if it ends, or isn't ready within `readyTimeoutMs` (15,000); the message shows its last lines.
 */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(options.command, options.args, {
    env: { PATH, HOME, ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options.user,
  });
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.name} has no process id`);
  const ownGuard = options.guard === undefined ? startProcessGuard({ signal: 'KILL' }) : undefined;
  const guard = options.guard ?? ownGuard;
  guard?.watch(pid);
  child.once('exit', () => guard?.watch(undefined));

  const started = observe(options.name, pid, child);
  void started.exited.then(() => ownGuard?.finish());
  if (options.readyWhen !== undefined) {
    try {
      await started.waitForLog(options.readyWhen, { timeoutMs: options.readyTimeoutMs ?? 15_000 });
    } catch (error) {
      await started.kill();
      throw error;
    }
  }
  return started;
}

function observe(name: string, pid: number, child: ChildProcess): StartedProcess {
  const lines: LogLine[] = [];
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (text) => {
      lines.push(parseLine(text));
      changed();
    });
  }

  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    // 'close' comes after 'exit', when nobody holds the output any more: of a killed Postgres, when its sessions have ended.
    child.once('close', (code, signal) => {
      exit = { code, signal };
      changed();
      resolve(exit);
    });
  });

  const failure = (what: string) => new Error(`${name} ${what}. Its last lines:\n${lastLines(lines)}`);

  async function endWith(signal: NodeJS.Signals, timeoutMs: number) {
    const from = performance.now();
    child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const end = await exited;
    clearTimeout(timer);
    if (late) throw failure(`did not end within ${timeoutMs} ms of ${signal} and was killed`);
    return { ...end, tookMs: performance.now() - from };
  }

  return {
    name,
    pid,
    lines,
    exited,
    waitForLog(query, { timeoutMs = 10_000, since = 0 } = {}) {
      const fits = matcher(query);
      let next = since;
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          settle();
        };
        const timer = setTimeout(
          () => finish(() => reject(failure(`did not log ${query} within ${timeoutMs} ms`))),
          timeoutMs,
        );
        const look = () => {
          for (; next < lines.length; next += 1) {
            const line = lines[next];
            if (line && fits(line)) return finish(() => resolve(line));
          }
          const end = exit;
          if (end)
            finish(() =>
              reject(failure(`ended (${end.signal ?? `code ${end.code}`}) without logging ${query}`)),
            );
        };
        listeners.add(look);
        look();
      });
    },
    stop: (signal = 'SIGTERM', timeoutMs = 30_000) => endWith(signal, timeoutMs),
    kill: () => endWith('SIGKILL', 10_000),
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
  return lines.length === 0
    ? '  (none)'
    : lines
        .slice(-15)
        .map((line) => `  ${line.text}`)
        .join('\n');
}
