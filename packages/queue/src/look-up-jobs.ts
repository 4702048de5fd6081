import type { RedisQueueBackend } from 'bullmq';
import { isOnRedis, type NotificationQueue } from './backend.ts';
import { type JobKey, jobId } from './notification-job.ts';

export type FoundJobs<Key> = {
  /** Those without a job that still has something to do: the queue lost it, it has ended, or it can't be read. */
  missing: Key[];
  /** Those whose job waits for its time, with the delay that it was given, in milliseconds. */
  delayed: { key: Key; delayMs: number; promote(): Promise<void> }[];
};

/**
 * Looks up the jobs of the given keys by id. Asking for their state would search the list of waiting jobs, which may be a
 * million long.
 */
export async function lookUpJobs<Key extends JobKey>(
  queue: NotificationQueue,
  keys: Key[],
): Promise<FoundJobs<Key>> {
  const found: FoundJobs<Key> = { missing: [], delayed: [] };
  const delaysMs = await readDelays(queue, keys.map(jobId));
  keys.forEach((key, index) => {
    const delayMs = delaysMs[index] ?? GONE;
    if (delayMs === GONE) found.missing.push(key);
    else if (delayMs > 0) found.delayed.push({ key, delayMs, promote: () => promote(queue, key) });
  });
  return found;
}

async function promote(queue: NotificationQueue, key: JobKey): Promise<void> {
  const job = await queue.getJob(jobId(key));
  await job?.promote();
}

/** In place of a delay: there is no such job, or it has ended. */
const GONE = -1;

function readDelays(queue: NotificationQueue, ids: string[]): Promise<number[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return isOnRedis(queue.backend)
    ? readDelaysInRedis(queue, queue.backend, ids)
    : readDelaysByJob(queue, ids);
}

function readDelaysByJob(queue: NotificationQueue, ids: string[]): Promise<number[]> {
  return Promise.all(
    ids.map(async (id) => {
      const job = await queue.getJob(id);
      return !job || job.finishedOn != null ? GONE : job.delay;
    }),
  );
}

/** Lists of so many jobs are looked through: longer ones take too long, and get shorter. */
const LOOKED_THROUGH = 1_000;

/**
 * Reading 500 jobs one by one takes ten times as long. A job that stands in none of the queue's lists, as Redis has
 * evicted its list, never runs. One that somebody made unreadable would be taken and given back for ever: without its
 * hash BullMQ forgets it. (Its JSON is judged by its ends: to decode each would take longer than all else.) All keys of the
 * queue are in one slot of a cluster.
 */
const LOOK_UP_SCRIPT = `
  local lists, listed, isLong = { 'wait', 'paused', 'active' }, {}, false
  for _, name in ipairs(lists) do
    isLong = isLong or redis.call('LLEN', KEYS[1] .. name) > ${LOOKED_THROUGH}
  end
  for _, name in ipairs(isLong and {} or lists) do
    for _, id in ipairs(redis.call('LRANGE', KEYS[1] .. name, 0, -1)) do listed[id] = true end
  end
  local function isQueued(id)
    return isLong or listed[id] or redis.call('ZSCORE', KEYS[1] .. 'delayed', id)
      or redis.call('ZSCORE', KEYS[1] .. 'prioritized', id)
  end
  local function isObject(json) return json and json:find('^{.*}$') end
  local delays = {}
  for place, id in ipairs(ARGV) do
    local job = redis.call('HMGET', KEYS[1] .. id, 'delay', 'atm', 'data', 'opts', 'timestamp', 'finishedOn')
    local delay, attempts = tonumber(job[1] or 0), tonumber(job[2] or 0)
    local isReadable = delay and attempts and isObject(job[3]) and isObject(job[4])
    if not isReadable then redis.call('DEL', KEYS[1] .. id) end
    local isGone = not isReadable or not job[5] or job[6] or not isQueued(id)
    delays[place] = isGone and ${GONE} or delay
  end
  return delays`;

async function readDelaysInRedis(
  queue: NotificationQueue,
  backend: RedisQueueBackend,
  ids: string[],
): Promise<number[]> {
  const client = await backend.client;
  client.defineCommand('replybellLookUp', { numberOfKeys: 1, lua: LOOK_UP_SCRIPT });
  return client.runCommand('replybellLookUp', [queue.toKey(''), ...ids]);
}
