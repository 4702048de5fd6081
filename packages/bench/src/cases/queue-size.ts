import { migrateQueue, openQueue, toBulkJob } from '@replybell/queue';
import { startEmbeddedPostgres, startRedisServer } from '@replybell/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Case } from '../case.ts';

const JOBS = 100_000;
const JOBS_IN_ONE_ADD = 1_000;

export const queueSize: Case = {
  name: 'queue-size',
  title: 'what a waiting job takes in the queue, in Redis and in PostgreSQL, once',
  async run() {
    return [
      { kind: 'figure', what: 'waiting job in Redis', unit: 'bytes', values: [await bytesInRedis()] },
      { kind: 'figure', what: 'waiting job in PostgreSQL', unit: 'bytes', values: [await bytesInPostgres()] },
    ];
  },
};

async function bytesInRedis(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const server = await startRedisServer();
  stack.defer(() => server.stop());
  const redis = new Redis(server.url);
  stack.defer(() => redis.disconnect());
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  const before = await usedMemory();
  await addJobs({ databaseUrl: 'postgres://unused', redisUrl: server.url });
  return ((await usedMemory()) - before) / JOBS;
}

async function bytesInPostgres(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const server = await startEmbeddedPostgres();
  stack.defer(() => server.stop());
  await migrateQueue(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  stack.defer(() => client.end());
  const size = async () => {
    const { rows } = await client.query<{ bytes: string }>(`
      select sum(pg_total_relation_size(oid)) as bytes from pg_class
      where relkind in ('r', 'p') and relnamespace = 'bullmq'::regnamespace`);
    return Number(rows[0]?.bytes);
  };
  const before = await size();
  await addJobs({ databaseUrl: server.url });
  return ((await size()) - before) / JOBS;
}

/** As the relay and the API add them. */
async function addJobs(target: { databaseUrl: string; redisUrl?: string }): Promise<void> {
  const queue = openQueue(target, { attempts: 8, onError: console.error });
  try {
    await queue.waitUntilReady();
    for (let from = 1; from <= JOBS; from += JOBS_IN_ONE_ADD) {
      const ids = Array.from({ length: JOBS_IN_ONE_ADD }, (_, index) => from + index);
      await queue.addBulk(ids.map((id) => toBulkJob({ notificationId: id, ticketId: id, epoch: 1 })));
    }
  } finally {
    await queue.close();
  }
}
