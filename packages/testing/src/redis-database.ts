import { Redis } from 'ioredis';

/** A logical database of one's own. */
export type TestRedis = {
  /** Ends with the database's number: `redis://127.0.0.1:6379/7`. */
  url: string;
  /** Empties the database and gives it back. */
  release(): Promise<void>;
};

/** A test file that died keeps its database for this long. */
const reservationMs = 30 * 60_000;

/**
 * Reserves an empty logical database of a Redis server. Databases that hold anything are left alone, so that a server
 * named by `TEST_REDIS_URL` keeps its data. Number 0 holds the reservations.
 *
 * @throws if every database is reserved or in use.
 */
export async function reserveRedisDatabase(serverUrl: string): Promise<TestRedis> {
  const redis = new Redis(serverUrl, { db: 0, maxRetriesPerRequest: 1 });
  try {
    const [, databases = '16'] = (await redis.config('GET', 'databases')) as string[];
    for (let number = 1; number < Number(databases); number += 1) {
      const reserved = await redis.set(reservationOf(number), process.pid, 'PX', reservationMs, 'NX');
      if (reserved === null) continue;
      await redis.select(number);
      const keys = await redis.dbsize();
      await redis.select(0);
      if (keys === 0) return { url: urlOf(serverUrl, number), release: () => release(serverUrl, number) };
    }
    throw new Error(`All ${databases} databases of the test Redis are reserved or hold data`);
  } finally {
    redis.disconnect();
  }
}

async function release(serverUrl: string, number: number): Promise<void> {
  const redis = new Redis(serverUrl, { db: number, maxRetriesPerRequest: 1 });
  try {
    await redis.flushdb();
    await redis.select(0);
    await redis.del(reservationOf(number));
  } finally {
    redis.disconnect();
  }
}

function reservationOf(number: number): string {
  return `replybell:test:database:${number}`;
}

function urlOf(serverUrl: string, number: number): string {
  const url = new URL(serverUrl);
  url.pathname = `/${number}`;
  return url.href;
}
