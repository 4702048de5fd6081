import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTestDatabase, findFreePort } from '@replybell/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const pm2Program = join(dirname(createRequire(import.meta.url).resolve('pm2/package.json')), 'bin/pm2');

const apiKey = 'a-key-that-is-long-enough-for-the-schema';
let home: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let apiUrl: string;

/** Runs a command of pm2 with a daemon of its own, as an operator does in the repository's folder. */
async function pm2(...args: string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PM2_HOME: home, ENV_FILE: join(home, 'env'), API_INSTANCES: '1' };
  return (await run(process.execPath, [pm2Program, ...args], { cwd: root, env })).stdout;
}

type AppState = { name: string; pm2_env: { status: string; restart_time: number; exit_code?: number } };

async function stateOf(name: string): Promise<AppState['pm2_env'] | undefined> {
  const output = await pm2('jlist');
  const states: AppState[] = JSON.parse(output.slice(output.indexOf('[{')));
  return states.find((state) => state.name === name)?.pm2_env;
}

/** Posts one after the other until it is stopped; returns what was not answered 2xx. */
function keepPosting(path: string): { stop(): Promise<string[]> } {
  let stopped = false;
  const failures: string[] = [];
  async function client(): Promise<void> {
    while (!stopped) await post(path).catch((error: Error) => failures.push(String(error.cause ?? error)));
  }
  const clients = Array.from({ length: 4 }, client);
  return {
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return failures;
    },
  };
}

async function post(path: string): Promise<void> {
  const response = await fetch(`${apiUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'anna' }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${answer}`);
}

async function writeEnv(variables: Record<string, string>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(home, 'env'), lines.join(''));
}

const configuration = { BOT_TOKEN: '42:a-token-of-this-test', WEBAPP_URL: 'https://app.example.com' };
let required: Record<string, string>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'replybell-pm2-'));
  database = await createTestDatabase();
  const port = await findFreePort();
  apiUrl = `http://127.0.0.1:${port}`;
  required = { DATABASE_URL: database.url, API_PORT: String(port), ADMIN_API_KEY: apiKey };
  // Nobody listens there: no test may reach Telegram.
  required['TELEGRAM_API_ROOT'] = 'http://127.0.0.1:1';
  await writeEnv({ ...required, ...configuration });
});
afterAll(async () => {
  await pm2('kill');
  await database.drop();
  await rm(home, { recursive: true });
});

it('runs both programs, drops no request in a reload, and restarts none whose configuration is wrong', {
  timeout: 90_000,
}, async () => {
  await pm2('start', 'ecosystem.config.js');
  expect(await stateOf('api')).toMatchObject({ status: 'online', restart_time: 0 });
  expect(await stateOf('worker')).toMatchObject({ status: 'online', restart_time: 0 });
  expect(await readFile(join(home, 'logs/api-out.log'), 'utf8')).toContain('API listening');

  const load = keepPosting('/api/admin/users');
  await pm2('reload', 'api');
  expect(await load.stop()).toEqual([]);
  expect(await stateOf('api')).toMatchObject({ status: 'online', restart_time: 1 });

  await writeEnv(required);
  await pm2('restart', 'worker');
  await vi.waitFor(
    async () => expect(await stateOf('worker')).toMatchObject({ status: 'stopped', exit_code: 78 }),
    { timeout: 15_000, interval: 500 },
  );
  const log = await readFile(join(home, 'logs/worker-out.log'), 'utf8');
  expect(log.match(/BOT_TOKEN not configured/g)).toHaveLength(1);

  await writeEnv({ ...required, ADMIN_API_KEY: '', API_PORT: 'three', LOG_LEVEL: 'loud' });
  // It fails: the API is not ready.
  await pm2('restart', 'api').catch(() => undefined);
  await vi.waitFor(
    async () => expect(await stateOf('api')).toMatchObject({ status: 'stopped', exit_code: 78 }),
    { timeout: 15_000, interval: 500 },
  );
  expect(await readFile(join(home, 'logs/api-out.log'), 'utf8')).toMatch(
    /ADMIN_API_KEY is not set.*\n.*API_PORT must be.*\n.*LOG_LEVEL must be.*\n.*Correct that in \.env/,
  );
});
