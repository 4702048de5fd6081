import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cases } from '../src/cases.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function runBench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('--help names every case', async () => {
  const { code, stdout } = await runBench('--help');
  expect(code).toBe(0);
  for (const { name, title } of cases) expect(stdout).toContain(`${name.padEnd(18)} ${title}`);
});

test.each([['nonsense'], ['--rounds', '0'], ['--faster']])(
  '%s is refused with the usage',
  async (...args) => {
    const { code, stdout, stderr } = await runBench(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('npm run bench');
  },
);
