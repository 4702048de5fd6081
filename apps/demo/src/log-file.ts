import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedProcess } from '@replybell/testing/started-process';
import { linesOf, readableLine } from './process-lines.ts';
import { faint } from './screen.ts';

export type LogFile = {
  /** Where the lines are; absent with `--verbose`. */
  path?: string;
  /** Writes what the process has logged and will log. */
  record(started: StartedProcess): void;
};

/** Keeps the processes' logs in one file that goes when the demo ends; with `verbose` on the screen instead. */
export function createLogFile({ verbose }: { verbose: boolean }): LogFile {
  if (verbose) return { record: (started) => void show(started) };

  const path = join(tmpdir(), `replybell-demo-${process.pid}.log`);
  writeFileSync(path, '', { mode: 0o600 });
  process.once('exit', () => rmSync(path, { force: true }));
  return { path, record: (started) => void append(started, path) };
}

async function show(started: StartedProcess): Promise<void> {
  for await (const line of linesOf(started)) {
    console.log(faint(`${started.name.padEnd(9)} ${readableLine(line)}`));
  }
}

async function append(started: StartedProcess, path: string): Promise<void> {
  for await (const line of linesOf(started)) appendFileSync(path, `${line.text}\n`);
}
