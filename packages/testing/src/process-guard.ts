import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./process-guard.sh', import.meta.url));

export type ProcessGuard = {
  /** Names the process to end; `undefined` once it has ended by itself, as its id may then belong to another. */
  watch(pid: number | undefined): void;
  /** Does its work now: ends the process, removes the folder. Resolves when both are gone. */
  finish(): Promise<void>;
};

/**
 * Starts a shell that outlives this process, however that ends, and then ends a child of it and removes its folder.
 * It needs a POSIX shell, so Linux, macOS or WSL.
 *
 * @param options.signal ends the child; SIGKILL follows after 5 s. Without `SIG`, as in `kill -QUIT`.
 */
export function startProcessGuard(options: { signal: 'KILL' | 'QUIT'; folder?: string }): ProcessGuard {
  const shell = spawn('/bin/sh', [script, options.signal, options.folder ?? ''], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(shell, 'exit');
  shell.unref();
  // The guard must not keep the process alive that it guards.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  // A guard that somebody ended can't be told anything; that is no reason to fail.
  shell.stdin.on('error', () => undefined);

  return {
    watch(pid) {
      shell.stdin.write(`${pid ?? ''}\n`);
    },
    async finish() {
      shell.ref();
      shell.stdin.end();
      if (shell.exitCode === null) await ended;
    },
  };
}
