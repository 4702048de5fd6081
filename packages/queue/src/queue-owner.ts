import type { RedisQueueBackend } from 'bullmq';
import { isOnRedis, type NotificationQueue } from './backend.ts';

const SCRIPTS = {
  replybellOwner: { numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])", readOnly: true },
  replybellOwn: { numberOfKeys: 1, lua: "return redis.call('SET', KEYS[1], ARGV[1])" },
} as const;

/** Stands beside BullMQ's own keys. */
const ownerKey = (queue: NotificationQueue): string => queue.toKey('replybell-owner');

/**
 * Notes whose queue it is. If it was another database's, what waits in it or has ended is removed: the numbers of its jobs
 * mean other notifications here, which would wait for them. Every job that is needed is made again from Postgres.
 *
 * @param owner the database's identity. A queue in Postgres goes with its database.
 * @returns whether the queue was another's.
 */
export async function takeOverQueue(queue: NotificationQueue, owner: string): Promise<boolean> {
  if (!isOnRedis(queue.backend)) return false;
  const before = await findQueueOwner(queue);
  if (before === owner) return false;
  if (before !== undefined) await emptyQueue(queue);
  await run(queue.backend, 'replybellOwn', [ownerKey(queue), owner]);
  return before !== undefined;
}

/** The identity of the database whose queue it was when a worker last started; undefined in Postgres, or before the first. */
export async function findQueueOwner(queue: NotificationQueue): Promise<string | undefined> {
  if (!isOnRedis(queue.backend)) return undefined;
  const owner = await run(queue.backend, 'replybellOwner', [ownerKey(queue)]);
  return typeof owner === 'string' ? owner : undefined;
}

async function run(backend: RedisQueueBackend, name: keyof typeof SCRIPTS, args: string[]): Promise<unknown> {
  const client = await backend.client;
  client.defineCommand(name, SCRIPTS[name]);
  return client.runCommand(name, args);
}

/** All but the jobs that are at work just now. */
async function emptyQueue(queue: NotificationQueue): Promise<void> {
  await queue.drain(true);
  for (const ended of ['completed', 'failed'] as const) await queue.clean(0, 0, ended);
}
