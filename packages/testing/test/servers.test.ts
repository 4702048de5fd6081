import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts';
import { findRedisProgram, startRedisServer } from '../src/redis-server.ts';

async function query<Row extends object>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function command(url: string, ...[name = '', ...args]: string[]): Promise<unknown> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: null });
  redis.on('error', () => undefined);
  return redis.call(name, args).finally(() => redis.disconnect());
}

const isAway = expect.objectContaining({ code: 'ECONNREFUSED' });

describe('startEmbeddedPostgres', () => {
  test('two servers run beside one another, and stop leaves neither a process nor a folder', async () => {
    const [one, other] = await Promise.all([
      startEmbeddedPostgres(),
      startEmbeddedPostgres({ durable: false }),
    ]);
    expect(one.url).not.toBe(other.url);
    await query(one.url, 'CREATE TABLE only_here ()');
    await expect(query(other.url, 'TABLE only_here')).rejects.toThrow('does not exist');

    const settings = await Promise.all(
      [one, other].map(({ url }) =>
        query<{ path: string }>(url, "SELECT current_setting('data_directory') AS path"),
      ),
    );
    await Promise.all([one.stop(), other.stop()]);
    for (const path of settings.flat().map((row) => row.path)) {
      await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' });
    }
    for (const { pid, url } of [one, other]) {
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      await expect(query(url, 'SELECT 1')).rejects.toEqual(isAway);
    }
  });

  test('a killed server keeps what was committed and its address', async () => {
    const server = await startEmbeddedPostgres({ durable: false });
    await query(server.url, 'CREATE TABLE kept AS SELECT 1 AS value');
    const before = server.pid;
    await server.kill();
    await expect(query(server.url, 'SELECT 1')).rejects.toEqual(isAway);

    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await query(server.url, 'TABLE kept')).toEqual([{ value: 1 }]);
    await server.stop();
  });

  test('knows the case of Cyrillic letters, as the searches need it', async () => {
    const server = await startEmbeddedPostgres({ durable: false });
    expect(await query(server.url, "SELECT 'Проблема' ILIKE 'ПРОБЛЕМА' AS found")).toEqual([{ found: true }]);
    await server.stop();
  });

  test('a port that is taken is an error that says so and leaves nothing', async () => {
    const server = await startEmbeddedPostgres();
    const folder = await mkdtemp(join(tmpdir(), 'replybell-test-'));
    await chmod(folder, 0o755);
    vi.stubEnv('TMPDIR', folder);
    await expect(startEmbeddedPostgres({ port: Number(new URL(server.url).port) })).rejects.toThrow(
      'Address already in use',
    );
    vi.unstubAllEnvs();
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
    await server.stop();
  });
});

describe.skipIf(!(await findRedisProgram()))('startRedisServer', () => {
  test('two servers run beside one another, and stop ends them', async () => {
    const [one, other] = await Promise.all([startRedisServer(), startRedisServer()]);
    await command(one.url, 'SET', 'key', 'value');
    expect(await command(other.url, 'GET', 'key')).toBeNull();
    await Promise.all([one.stop(), other.stop()]);
    expect(() => process.kill(one.pid, 0)).toThrow('ESRCH');
  });

  test('a killed server comes back empty, or with its data if it stores them', async () => {
    const [forgetful, storing] = await Promise.all([
      startRedisServer(),
      startRedisServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
    ]);
    for (const server of [forgetful, storing]) {
      await command(server.url, 'SET', 'key', 'value');
      await server.kill();
      await server.restart();
    }
    expect(await command(forgetful.url, 'GET', 'key')).toBeNull();
    expect(await command(storing.url, 'GET', 'key')).toBe('value');
    await Promise.all([forgetful.stop(), storing.stop()]);
  });
});
