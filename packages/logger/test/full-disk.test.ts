import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startProcess } from '@replybell/testing';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const entry = new URL('./logging-process.ts', import.meta.url).pathname;
/** Of 1,024 bytes. */
const LIMIT_BLOCKS = 16;

// The limit can be lifted from outside on Linux only.
test.runIf(process.platform === 'linux')(
  'a process whose log file can not grow lives on, and writes it on when it can',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replybell-log-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'log');
    // A limit to the size of files is refused as a full disk is, and can be lifted.
    const logging = await startProcess({
      name: 'Logging process',
      command: '/bin/bash',
      args: ['-c', `ulimit -S -f ${LIMIT_BLOCKS}; exec "$0" "$1" > "$2"`, process.execPath, entry, file],
    });
    onTestFinished(async () => void (await logging.kill()));
    const size = async () => (await stat(file)).size;
    await expect.poll(size, { timeout: 10_000 }).toBe(LIMIT_BLOCKS * 1_024);
    await sleep(300);
    expect(await size()).toBe(LIMIT_BLOCKS * 1_024);

    await run('prlimit', ['--pid', String(logging.pid), '--fsize=unlimited']);
    await expect.poll(size, { timeout: 10_000 }).toBeGreaterThan(200 * 1_024);
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(lines.map(() => 'x'.repeat(1_000)));
  },
);
