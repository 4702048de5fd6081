import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProcess } from '../src/started-process.ts';

/** Starts Node on a piece of code. */
const node = (code: string, options: { env?: Record<string, string>; readyWhen?: string } = {}) =>
  startProcess({ name: 'Child', command: process.execPath, args: ['-e', code], ...options });

const forever = 'setInterval(() => {}, 1000);';

test('a process sees PATH, HOME and what it was given, nothing else', async () => {
  process.env['SECRET_OF_THE_DEVELOPER'] = 'x';
  const child = await node('console.log(JSON.stringify(process.env))', { env: { GIVEN: 'yes' } });
  delete process.env['SECRET_OF_THE_DEVELOPER'];

  const { fields } = await child.waitForLog('GIVEN');
  expect(Object.keys(fields ?? {}).sort()).toEqual(['GIVEN', 'HOME', 'PATH']);
  await child.exited;
});

test('waitForLog finds lines that came before and lines that come later, as text or as fields', async () => {
  const child = await node(`console.log('first'); setTimeout(() => console.log('{"stage":"sent"}'), 50);`);
  await child.waitForLog((line) => line.fields?.['stage'] === 'sent');
  await child.waitForLog(/^first$/);
  expect(child.lines.map((line) => line.text)).toEqual(['first', '{"stage":"sent"}']);
  await child.exited;
});

test('waitForLog can leave out what was written before', async () => {
  const child = await node(`console.log('ping'); setTimeout(() => console.log('ping again'), 50);`);
  await child.waitForLog('ping');
  expect((await child.waitForLog('ping', { since: child.lines.length })).text).toBe('ping again');
  await child.exited;
});

test('errors show the last lines: too late, ended before, never ready', async () => {
  const child = await node(`console.log('only this'); ${forever}`, { readyWhen: 'only' });
  await expect(child.waitForLog('more', { timeoutMs: 20 })).rejects.toThrow(/more within 20 ms.*only this/s);
  const waiting = child.waitForLog('more');
  await Promise.all([expect(waiting).rejects.toThrow(/ended \(SIGKILL\).*only this/s), child.kill()]);

  await expect(node(`console.error('no luck'); process.exit(3)`, { readyWhen: 'ready' })).rejects.toThrow(
    /ended \(code 3\).*no luck/s,
  );
});

test('stop tells the exit code and how long it took', async () => {
  const code = `process.on('SIGTERM', () => setTimeout(() => process.exit(7), 100)); console.log('up'); ${forever}`;
  const child = await node(code, { readyWhen: 'up' });
  const { code: exitCode, tookMs } = await child.stop();
  expect(exitCode).toBe(7);
  expect(tookMs).toBeGreaterThanOrEqual(95);
});

test('a process that ignores the signal is killed, and stop says so', async () => {
  const child = await node(`process.on('SIGTERM', () => {}); console.log('up'); ${forever}`, {
    readyWhen: 'up',
  });
  await expect(child.stop('SIGTERM', 50)).rejects.toThrow('did not end within 50 ms');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('what a killed process had started ends too, and a server leaves no folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'replybell-test-'));
  await chmod(folder, 0o755);
  const entry = fileURLToPath(new URL('./start-servers-and-wait.ts', import.meta.url));
  const parent = spawn(process.execPath, [entry], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(parent.stdout, 'data');
  const pids: number[] = JSON.parse(String(output));
  expect(pids.map(isRunning)).toEqual([true, true]);
  expect(await readdir(folder)).toHaveLength(1);

  parent.kill('SIGKILL');
  await expect.poll(() => readdir(folder), { timeout: 10_000 }).toEqual([]);
  await expect.poll(() => pids.map(isRunning), { timeout: 10_000 }).toEqual([false, false]);
  await rm(folder, { recursive: true });
});

/** A zombie has ended: only that nobody has asked for its exit code yet. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const procFile = `/proc/${pid}/stat`;
  return !existsSync(procFile) || !readFileSync(procFile, 'utf8').includes(') Z ');
}
