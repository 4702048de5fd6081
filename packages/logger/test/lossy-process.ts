import { openStandardOutput } from '../src/standard-output.ts';

/** Writes a numbered line of 1 kB each millisecond, and keeps 64 kB of what it can't write. */
const output = openStandardOutput((lines) => output.write(`lost=${lines}\n`), 64 * 1_024);
let number = 0;
setInterval(() => output.write(`number=${number++} ${'x'.repeat(1_000)}\n`), 1);
