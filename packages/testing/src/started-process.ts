import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createLineLog, type LogLine, type LogQuery, type WaitForLog } from './line-log.ts';
import { type ProcessGuard, startProcessGuard } from './process-guard.ts';

export type { LogLine, LogQuery } from './line-log.ts';

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
  waitForLog: WaitForLog;
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
 * @throws if it ends, or isn't ready within `readyTimeoutMs` (40,000); the message shows its last lines.
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
  const guard = options.guard ?? startProcessGuard({ signal: 'KILL' });
  guard.watch(pid);
  child.once('exit', () => guard.watch(undefined));

  const started = observe(options.name, pid, child);
  if (options.guard === undefined) void started.exited.then(guard.finish);
  if (options.readyWhen !== undefined) {
    try {
      await started.waitForLog(options.readyWhen, { timeoutMs: options.readyTimeoutMs ?? 40_000 });
    } catch (error) {
      await started.kill();
      throw error;
    }
  }
  return started;
}

function observe(
  name: string,
  pid: number,
  child: ChildProcessByStdio<null, Readable, Readable>,
): StartedProcess {
  const log = createLineLog(name);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', log.append);
  }
  const exited = new Promise<ProcessExit>((resolve) => {
    // After 'exit', when nobody holds the output any more: of a killed Postgres, when its sessions have ended.
    child.once('close', (code, signal) => {
      log.end(signal ?? `code ${code}`);
      resolve({ code, signal });
    });
  });

  async function endWith(signal: NodeJS.Signals, timeoutMs: number) {
    const from = performance.now();
    child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const exit = await exited;
    clearTimeout(timer);
    if (late) throw log.failure(`did not end within ${timeoutMs} ms of ${signal} and was killed`);
    return { ...exit, tookMs: performance.now() - from };
  }

  return {
    name,
    pid,
    lines: log.lines,
    exited,
    waitForLog: log.waitFor,
    stop: (signal = 'SIGTERM', timeoutMs = 30_000) => endWith(signal, timeoutMs),
    kill: () => endWith('SIGKILL', 10_000),
  };
}
