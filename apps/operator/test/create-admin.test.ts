import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { useTestDatabase } from '@replybell/testing';
import { expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../src/create-admin.ts', import.meta.url));
const password = 'correct horse battery';

const database = await useTestDatabase();

/** Runs the command in a pipe, as a script would. */
async function run(args: string[], input = `${password}\n`, env: Record<string, string> = {}) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH, ENV_FILE: devNull, DATABASE_URL: database.url, ...env },
  });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: stdout + stderr };
}

it('creates an owner from a pipe, once, and resets the password when it is asked to', async () => {
  const email = ['--email', 'Boss@example.com'];
  expect(await run(email)).toMatchObject({
    code: 0,
    output: expect.stringContaining('Created boss@example.com, owner'),
  });
  expect(await run(email)).toMatchObject({ code: 1, output: expect.stringContaining('--reset') });
  const reset = await run([...email, '--reset'], 'another long password\n');
  expect(reset).toMatchObject({ code: 0, output: expect.stringContaining('has a new password') });
  expect(await run(['--email', 'none@example.com', '--reset'])).toMatchObject({ code: 1 });
});

it.each([
  ['no email without a terminal', [], 'Say whose account it is'],
  ['an email that is none', ['--email', 'boss'], 'no email address'],
  ['an email that can not sign in', ['--email', 'root@localhost'], 'no email address'],
  ['a role that is none', ['--email', 'a@b.example', '--role', 'admin'], '--role is owner or agent'],
  ['a flag that is none', ['--mail', 'a@b.example'], "Unknown option '--mail'"],
])('exits 2 and says so: %s', async (_what, args, message) => {
  expect(await run(args)).toMatchObject({ code: 2, output: expect.stringContaining(message) });
});

it('takes no short or missing password, and shows none', async () => {
  for (const input of ['', 'short\n', `${'👩‍👩‍👧‍👦'.repeat(20)}\n`]) {
    const refused = await run(['--email', 'a@b.example'], input);
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('12 to 128 characters') });
    expect(refused.output).not.toContain('short');
  }
});

it('tells a wrong configuration by 78 and a database that is away by 1', async () => {
  const args = ['--email', 'a@b.example'];
  expect(await run(args, undefined, { DATABASE_URL: 'mysql://x' })).toMatchObject({ code: 78 });
  const away = await run(args, undefined, { DATABASE_URL: 'postgres://u:hidden-word@127.0.0.1:1/x' });
  expect(away).toMatchObject({ code: 1, output: expect.stringContaining('ECONNREFUSED') });
  expect(away.output).not.toContain('hidden-word');
});
