import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startProcess } from '@replybell/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
/** Of 1,024 bytes: a limit to the size of files is refused as a full disk is, and can be lifted. */
const LIMIT_BLOCKS = 16;

/** Starts a process that writes to a file, and waits until the file can't grow. */
async function startOnFullDisk(entry: URL, ...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'replybell-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'log');
  const script = `ulimit -S -f ${LIMIT_BLOCKS}; exec "$0" "$@" > "${file}"`;
  const started = await startProcess({
    name: 'Logging process',
    command: '/bin/bash',
    args: ['-c', script, process.execPath, entry.pathname, ...args],
  });
  onTestFinished(async () => void (await started.kill()));
  const size = async () => (await stat(file)).size;
  await expect.poll(size, { timeout: 10_000 }).toBe(LIMIT_BLOCKS * 1_024);
  return {
    stop: () => started.stop(),
    size,
    /** The numbers of the lines, and what the file tells of how many were lost. */
    async read() {
      const text = await readFile(file, 'utf8');
      const numbers = [...text.matchAll(/^.*number=(\d+) x{1000}/gm)].map(([, number]) => Number(number));
      const lost = [...text.matchAll(/^lost=(\d+)$/gm)].map(([, count]) => Number(count));
      return { numbers, lost };
    },
    makeRoom: () => run('prlimit', ['--pid', String(started.pid), '--fsize=unlimited']),
  };
}

const all = Array.from({ length: 200 }, (_, number) => number);

// The limit can be lifted from outside on Linux only.
describe.runIf(process.platform === 'linux')('a process whose log stands on a full disk', () => {
  it.each(['json', 'pretty'])(
    'writes all when there is room again, also if it logs nothing more (%s)',
    async (format) => {
      const logging = await startOnFullDisk(new URL('./logging-process.ts', import.meta.url), format);
      await sleep(300);
      expect((await logging.read()).numbers.length).toBeLessThan(20);
      await logging.makeRoom();
      await expect.poll(async () => (await logging.read()).numbers, { timeout: 10_000 }).toEqual(all);
    },
  );

  it('writes all as it ends', async () => {
    const logging = await startOnFullDisk(new URL('./logging-process.ts', import.meta.url), 'json');
    await logging.makeRoom();
    await logging.stop();
    expect((await logging.read()).numbers).toEqual(all);
  });

  it('tells how many lines were lost, where there were more than it keeps', async () => {
    const logging = await startOnFullDisk(new URL('./lossy-process.ts', import.meta.url));
    await sleep(1_000);
    await logging.makeRoom();
    await expect.poll(logging.size, { timeout: 10_000 }).toBeGreaterThan(300 * 1_024);
    const { numbers, lost } = await logging.read();
    const missing = numbers.flatMap((number, index) => number - (numbers[index - 1] ?? -1) - 1);
    expect(lost).toEqual([expect.any(Number)]);
    expect(missing.filter((count) => count > 0)).toEqual(lost);
  });
});
