import type { NotificationQueue } from './backend.ts';
import { isOnRedis } from './look-up-jobs.ts';

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
  const client = await queue.backend.client;
  for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
  const key = ownerKey(queue);
  const before = await client.runCommand('replybellOwner', [key]);
  if (before === owner) return false;
  const wasAnothers = before !== null;
  if (wasAnothers) await emptyQueue(queue);
  await client.runCommand('replybellOwn', [key, owner]);
  return wasAnothers;
}

/** All but the jobs that are at work just now. */
async function emptyQueue(queue: NotificationQueue): Promise<void> {
  await queue.drain(true);
  for (const ended of ['completed', 'failed'] as const) await queue.clean(0, 0, ended);
}
