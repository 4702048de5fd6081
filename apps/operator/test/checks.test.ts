import { parseConfig } from '@replybell/config';
import { openDatabase } from '@replybell/database';
import { hasTestRedis, startRedisCluster, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfiguration } from '../src/check-configuration.ts';
import { checkNode } from '../src/check-node.ts';
import { checkPostgres } from '../src/check-postgres.ts';
import { checkEviction, checkPersistence, checkRedis, checkVersion, parseInfo } from '../src/check-redis.ts';
import { checkButton } from '../src/check-telegram.ts';
import { checkUpdates } from '../src/check-updates.ts';

const database = await useTestDatabase();

describe('Redis', () => {
  it.each([
    ['redis_version:7.0.15\r\n', 'ok'],
    ['redis_version:6.2.0\r\n', 'problem'],
    // Valkey tells the version of Redis that it is compatible with too.
    ['redis_version:7.2.4\r\nvalkey_version:8.1.0\r\n', 'ok'],
    ['redis_version:7.2.4\r\nvalkey_version:7.2.5\r\n', 'problem'],
  ])('of %j is %s', (info, level) => {
    expect(checkVersion(parseInfo(info)).level).toBe(level);
  });

  it('must not evict keys, and should keep a file', () => {
    expect(checkEviction({ maxmemory_policy: 'allkeys-lru' }).level).toBe('problem');
    expect(checkPersistence({ aof_enabled: '0' }).level).toBe('warning');
  });
});

it.skipIf(!hasTestRedis())(
  'of a cluster all masters are looked at, and what they share is said once',
  async (test) => {
    const cluster = await startRedisCluster();
    test.onTestFinished(() => cluster.stop());
    const { findings } = await checkRedis(cluster.url);
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok', 'warning']);
  },
);

it('Postgres that takes no changes is a problem', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await sql`alter database ${sql.id(name)} set default_transaction_read_only = on`.execute(database.db);
  const readOnly = openDatabase({ url: database.url, applicationName: 'test' });
  onTestFinished(() => readOnly.destroy());
  const { findings } = await checkPostgres(readOnly);
  expect(findings.filter(({ level }) => level === 'problem')).toMatchObject([
    { text: expect.stringContaining('takes no changes'), action: expect.stringContaining('primary') },
  ]);
});

it('a pooler that ignores what connections set as they begin is a problem', async () => {
  const pooled = openDatabase({ url: database.url, applicationName: 'test', maxConnections: 1 });
  onTestFinished(() => pooled.destroy());
  const findPooler = async () =>
    (await checkPostgres(pooled)).findings.filter(({ text }) => text.includes('pooler'));
  expect(await findPooler()).toEqual([]);
  await sql`set statement_timeout = 8000`.execute(pooled);
  expect(await findPooler()).toMatchObject([{ level: 'problem' }]);
});

it('a sequence that imported ids have left behind is a problem, until its statement is run', async () => {
  const findBehind = async () =>
    (await checkPostgres(database.db)).findings.filter(({ text }) => text.includes('next id'));
  expect(await findBehind()).toEqual([]);
  await sql`insert into users (id, username) values (500, 'imported')`.execute(database.db);
  const [found, ...others] = await findBehind();
  expect(others).toEqual([]);
  expect(found).toMatchObject({ level: 'problem', text: expect.stringContaining('users') });
  await sql.raw(found?.level === 'problem' ? found.action : '').execute(database.db);
  expect(await findBehind()).toEqual([]);
  await sql`insert into users (username) values ('the next')`.execute(database.db);
});

const config = (variables: Record<string, string>) => {
  const loaded = parseConfig({
    DATABASE_URL: 'postgres://host/db',
    TELEGRAM_API_ROOT: 'http://127.0.0.1:8081',
    WEBAPP_URL: 'https://app.example.com',
    ...variables,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join());
  return loaded.config;
};

describe('the button', () => {
  const bot = { username: 'some_bot', has_main_web_app: false };

  it.each([
    [{}, 'ok'],
    [{ WEBAPP_URL: 'https://localhost' }, 'problem'],
    [{ WEBAPP_URL: 'http://app.example.com' }, 'warning'],
    [{ WEBAPP_BUTTON: 'direct_link' }, 'problem'],
    [{ WEBAPP_BUTTON: 'direct_link', WEBAPP_SHORT_NAME: 'tickets' }, 'ok'],
  ])('with %j is %s', (variables, level) => {
    expect(checkButton(config(variables), bot)).toMatchObject([{ level }]);
  });
});

it.each([
  [{}, false],
  [{ PUBLIC_URL: 'https://support.example.com' }, true],
  [{ PUBLIC_URL: 'https://app.example.com/support' }, false],
  [
    { PUBLIC_URL: 'https://support.example.com', CORS_ORIGINS: 'https://a.b, https://app.example.com' },
    false,
  ],
])("with %j, that the Mini App's origin is not allowed is said: %s", (variables, isSaid) => {
  const loaded = { ok: true as const, config: config(variables), warnings: [] };
  const findings = checkConfiguration(loaded, { path: '.env', exists: true });
  expect(findings.some(({ text }) => text.includes('may not call the API'))).toBe(isSaid);
});

describe("the bot's updates", () => {
  const webhook = {
    TELEGRAM_UPDATES: 'webhook',
    TELEGRAM_WEBHOOK_SECRET: 'a-secret-of-16-or-more',
    PUBLIC_URL: 'https://support.example.com/',
  };
  const ours = 'https://support.example.com/telegram/webhook';

  it.each([
    [{}, { url: '' }, 'ok'],
    [{}, { url: 'https://elsewhere.example.com/hook' }, 'problem'],
    [{ TELEGRAM_UPDATES: 'off' }, { url: 'https://elsewhere.example.com/hook' }, 'warning'],
    [webhook, { url: '' }, 'problem'],
    [webhook, { url: 'https://elsewhere.example.com/hook' }, 'problem'],
    [webhook, { url: ours }, 'ok'],
    [webhook, { url: ours, pending_update_count: 0, last_error_message: '503' }, 'ok'],
    [webhook, { url: ours, pending_update_count: 3, last_error_message: '401' }, 'problem'],
    [{ ...webhook, PUBLIC_URL: '' }, { url: ours }, 'problem'],
  ])('with %j and %j are %s', (variables, info, level) => {
    expect(checkUpdates(config(variables), info)).toMatchObject([{ level }]);
  });
});

it('wants Node 24', () => {
  expect(checkNode('20.20.2').level).toBe('problem');
  expect(checkNode('24.0.0').level).toBe('ok');
});
