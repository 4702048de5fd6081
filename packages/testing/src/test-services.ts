import { openDatabase } from '@replybell/database';
import { afterAll, describe, inject } from 'vitest';
import { copyDatabase, type TestDatabase } from './database-template.ts';
import { reserveRedisDatabase, type TestRedis } from './redis-database.ts';

/** A migrated, empty database, in some tens of milliseconds; for who calls to `drop()`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl, templateDatabase } = inject('services');
  return copyDatabase(postgresUrl, templateDatabase);
}

/** A migrated, empty database for the calling test file, and connections to it. It is gone after the file's tests. */
export async function useTestDatabase(): Promise<{ url: string; db: ReturnType<typeof openDatabase> }> {
  const database = await createTestDatabase();
  const db = openDatabase({ url: database.url, applicationName: 'test' });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });
  return { url: database.url, db };
}

/** Whether this run has a Redis; for `describe.skipIf(!hasTestRedis())`. */
export function hasTestRedis(): boolean {
  return inject('services').redisUrl !== undefined;
}

/**
 * An empty logical database of the run's Redis for the calling test file. `release()` it in `afterAll`. Connections,
 * memory and the server's settings are everybody's: a test that kills, stalls or fills a Redis, or counts its clients (as
 * BullMQ's `getWorkers` does), starts its own with `startRedisServer`.
 *
 * @throws if the run has no Redis.
 */
export async function createTestRedis(): Promise<TestRedis> {
  const { redisUrl } = inject('services');
  if (redisUrl === undefined) throw new Error('This run has no Redis: guard the suite with hasTestRedis()');
  return reserveRedisDatabase(redisUrl);
}

export type QueueBackend = {
  name: 'postgres' | 'redis';
  /** A database, and for Redis a logical database, of one's own. */
  open(): Promise<QueueServices>;
};

export type QueueServices = {
  /** What the configuration needs to use them: `REDIS_URL` only with the Redis backend. */
  env: { DATABASE_URL: string; REDIS_URL?: string };
  close(): Promise<void>;
};

const backends: [QueueBackend, ...QueueBackend[]] = [
  {
    name: 'postgres',
    async open() {
      const database = await createTestDatabase();
      return { env: { DATABASE_URL: database.url }, close: () => database.drop() };
    },
  },
  {
    name: 'redis',
    async open() {
      const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
      return {
        env: { DATABASE_URL: database.url, REDIS_URL: redis.url },
        close: async () => void (await Promise.all([database.drop(), redis.release()])),
      };
    },
  },
];

/** For what has nothing to do with the queue: one backend is enough, and PostgreSQL is always there. */
export const [anyBackend] = backends;

/** Defines one suite for both of the queue's backends. Where the run has no Redis, its half shows as skipped. */
export function describeEachBackend(title: string, define: (backend: QueueBackend) => void): void {
  for (const backend of backends) {
    const unavailable = backend.name === 'redis' && !hasTestRedis();
    describe.skipIf(unavailable)(`${title} (${backend.name})`, () => define(backend));
  }
}
