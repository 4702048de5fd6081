import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@replybell/testing';
import type { TestContext } from 'vitest';

/** A wall clock that processes can be given and that can be put forward and back while they run. */
export type WallClock = {
  /** For the processes that go by it. Their monotonic clock stays the machine's. */
  env: Environment;
  /** Steps to so many hours from the right time. */
  step(hours: number): Promise<void>;
};

const places = ['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/local/lib/faketime/libfaketimeMT.so.1'];

/** Debian has it as the package `libfaketime`. */
const library = globSync(places).find((path) => existsSync(path));

if (library === undefined) {
  console.warn('WARNING: STEPS OF THE CLOCK ARE NOT TESTED: install libfaketime');
}

export const hasWallClocks = library !== undefined;

/** Makes a clock that is right at first. */
export async function createWallClock(test: TestContext): Promise<WallClock> {
  if (library === undefined)
    throw new Error('This machine has no libfaketime: guard the test with hasWallClocks');
  const folder = await mkdtemp(join(tmpdir(), 'replybell-clock-'));
  test.onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'offset');
  // Renamed into its place, so that nobody reads a file that is half written.
  const step = async (hours: number) => {
    await writeFile(`${file}.new`, `${hours < 0 ? '-' : '+'}${Math.abs(hours)}h\n`);
    await rename(`${file}.new`, file);
  };
  await step(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    step,
  };
}
