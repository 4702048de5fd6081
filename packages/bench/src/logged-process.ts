import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, type StartedProcess, startProcess } from '@replybell/testing';

const READY_TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 20;

/**
 * Starts a Node entry file with its output in a file, as under a process manager: nobody reads the log while the
 * process is measured. Ends with this process, however that ends.
 *
 * @param options.readyText what the process writes when it is ready.
 * @throws if it ends, or isn't ready within 20 s; the message holds its last lines.
 */
export async function startLoggedProcess(options: {
  name: string;
  entry: URL;
  env: Environment;
  logFile: string;
  readyText: string;
}): Promise<StartedProcess> {
  const { name, entry, env, logFile, readyText } = options;
  const started = await startProcess({
    name,
    command: '/bin/sh',
    // exec keeps the process id, so that signals reach Node itself.
    args: ['-c', 'exec "$0" "$1" > "$2" 2>&1', process.execPath, entry.pathname, logFile],
    env,
  });
  let ended = false;
  void started.exited.then(() => {
    ended = true;
  });
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const log = await readFile(logFile, 'utf8').catch(() => '');
    if (log.includes(readyText)) return started;
    if (ended || performance.now() > untilMs) {
      await started.kill();
      throw new Error(`${name} did not get ready. Its last lines:\n${log.split('\n').slice(-15).join('\n')}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
