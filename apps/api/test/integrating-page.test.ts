import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApi, startProcess, useTestDatabase } from '@replybell/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { openTicketAt } from './call-server.ts';
import { apiKey } from './test-app.ts';

const run = promisify(execFile);

const programs: Record<string, { command: string; extension: string }> = {
  sh: { command: 'sh', extension: 'sh' },
  python: { command: 'python3', extension: 'py' },
  php: { command: 'php', extension: 'php' },
  ts: { command: process.execPath, extension: 'mts' },
};

const page = await readFile(new URL('../../../docs/integrating.md', import.meta.url), 'utf8');
/** The page's snippets: ```` ```<language> run=<what they do> ````. */
const snippets = [...page.matchAll(/^```(\w+) run=(\w+)\n(.*?)^```$/gms)].map(
  ([, language = '', shows, code = '']) => ({ language, shows, code }),
);

/** Whether this machine can run a language; PHP needs its curl extension too. */
async function canRun(language: string): Promise<boolean> {
  const trials: Record<string, [command: string, ...args: string[]]> = {
    sh: ['curl', '--version'],
    php: ['php', '-r', 'exit(function_exists("curl_init") ? 0 : 1);'],
    python: ['python3', '--version'],
  };
  const [command, ...args] = trials[language] ?? [process.execPath, '--version'];
  return run(command, args).then(
    () => true,
    () => false,
  );
}
const languages = await Promise.all(
  Object.keys(programs).map(async (language) => ({ language, there: await canRun(language) })),
);

const folder = await mkdtemp(join(tmpdir(), 'replybell-snippets-'));
afterAll(() => rm(folder, { recursive: true }));
const database = await useTestDatabase();
const api = await startApi({ DATABASE_URL: database.url, ADMIN_API_KEY: apiKey });
afterAll(async () => void (await api.stop()));

/** Writes a snippet to a file, and tells how to run it. */
async function prepare(language: string, shows: string, env: Record<string, string> = {}) {
  const program = programs[language];
  const snippet = snippets.find((each) => each.language === language && each.shows === shows);
  if (!program || !snippet) throw new Error(`The page has no ${language} for ${shows}`);
  const file = join(folder, `${shows}.${program.extension}`);
  await writeFile(file, snippet.code);
  return {
    command: program.command,
    args: [file],
    env: { REPLYBELL_URL: api.url, REPLYBELL_API_KEY: apiKey, ...env },
  };
}

/** Runs a snippet as a reader would, and gives what it prints. */
async function follow(language: string, shows: string, given: Record<string, string>) {
  const { command, args, env } = await prepare(language, shows, given);
  const { stdout } = await run(command, args, { env: { PATH: process.env['PATH'], ...env } });
  return JSON.parse(stdout);
}

it('the page shows the answer that another helpdesk gets', async () => {
  const [, shown = ''] = /^```json\n(.*?)^```$/ms.exec(page) ?? [];
  const answer = await follow('ts', 'notification', { TELEGRAM_ID: '4242' });
  const { id, userId, dueAt, nextAttemptAt, createdAt } = answer;
  expect({ ...JSON.parse(shown), id, userId, dueAt, nextAttemptAt, createdAt }).toEqual(answer);
});

describe.each(languages)('the page for other backends, in $language', ({ language, there }) => {
  it.skipIf(!there)('replies to a ticket', async () => {
    const ticketId = await openTicketAt(api);
    expect(await follow(language, 'reply', { TICKET_ID: String(ticketId) })).toMatchObject({
      reply: { ticketId, author: 'admin', message: 'Your balance is right again.' },
      notification: { status: 'pending' },
    });
  });

  it.skipIf(!there)('shows what Replybell says when it refuses', async () => {
    const refused = follow(language, 'reply', { TICKET_ID: '1', REPLYBELL_API_KEY: 'no-key' }).catch(
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    expect(await refused).toContain('"code":"unauthorized"');
  });

  it.skipIf(!there)('tells of a reply in another helpdesk', async () => {
    expect(await follow(language, 'notification', { TELEGRAM_ID: '4242' })).toMatchObject({
      ticketId: 4711,
      status: 'pending',
    });
  });
});

it.skipIf(!(await canRun('python')))('follows the events of the page, in python', async () => {
  const reader = await startProcess({
    name: 'Reader of events',
    ...(await prepare('python', 'events')),
    readyWhen: 'delivery.resumed',
  });
  const { id } = await follow('ts', 'notification', { TELEGRAM_ID: '4242' });
  const line = await reader.waitForLog(`"notificationId": "${id}"`);
  expect(line.text).toMatch(/^notification\.changed \{.*"status": "pending"/);
  await reader.kill();
});
