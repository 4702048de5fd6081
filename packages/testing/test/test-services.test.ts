import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createTestDatabase,
  createTestRedis,
  describeEachBackend,
  hasTestRedis,
  type QueueServices,
} from '../src/test-services.ts';

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('createTestDatabase', () => {
  test('gives migrated databases that do not see one another', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await query(one.url, "INSERT INTO users (username) VALUES ('anna')");

    expect(await query(one.url, 'SELECT username FROM users')).toEqual([{ username: 'anna' }]);
    expect(await query(other.url, 'SELECT username FROM users')).toEqual([]);
    await Promise.all([one.drop(), other.drop()]);
  });

  test('has the queue in the same database, for the PostgreSQL backend', async () => {
    const database = await createTestDatabase();
    expect(await query(database.url, "SELECT to_regnamespace('bullmq') AS schema")).toEqual([
      { schema: 'bullmq' },
    ]);
    await database.drop();
  });

  test('drops a database although sessions are still open', async () => {
    const database = await createTestDatabase();
    const forgotten = new pg.Client({ connectionString: database.url });
    const ended = new Promise((resolve) => forgotten.on('error', resolve));
    await forgotten.connect();

    await database.drop();
    await ended;
    await expect(query(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });
});

describe.skipIf(!hasTestRedis())('createTestRedis', () => {
  test('gives logical databases that do not see one another and are empty when used again', async () => {
    const [one, other] = await Promise.all([createTestRedis(), createTestRedis()]);
    expect(one.url).not.toBe(other.url);
    const client = new Redis(one.url);
    const otherClient = new Redis(other.url);
    await client.set('key', 'value');
    expect(await otherClient.keys('*')).toEqual([]);
    client.disconnect();
    otherClient.disconnect();
    await Promise.all([one.release(), other.release()]);

    const next = await createTestRedis();
    const nextClient = new Redis(next.url);
    expect(await nextClient.dbsize()).toBe(0);
    nextClient.disconnect();
    await next.release();
  });
});

describeEachBackend('describeEachBackend', (backend) => {
  let services: QueueServices;
  beforeAll(async () => {
    services = await backend.open();
  });
  afterAll(() => services.close());

  test('sets REDIS_URL for the Redis backend only', () => {
    const { env } = services;
    expect(env.DATABASE_URL).toMatch(/^postgres:/);
    expect('REDIS_URL' in env).toBe(backend.name === 'redis');
  });
});
