import { hasTestRedis, startRedisCluster, startWatchedRedis } from '@replybell/testing';
import { describe, expect, it, type TestContext } from 'vitest';
import {
  createEnqueuer,
  type JobKey,
  lookUpJobs,
  type NotificationQueue,
  openQueue,
  openWorker,
  queueHealth,
  workerOptions,
} from '../src/index.ts';

const key = (notificationId: number): JobKey => ({ notificationId, ticketId: 1, epoch: 1 });

describe.skipIf(!hasTestRedis())('the queue on several Redis servers', () => {
  it('brings jobs to workers over a cluster', async (test) => {
    const cluster = await startRedisCluster();
    test.onTestFinished(() => cluster.stop());
    const queue = await open(cluster.url, test);
    const worked = work(cluster.url, test);

    enqueueAll(queue, [key(1), key(2)]);
    expect((await worked(2)).sort()).toEqual(['n-1-1', 'n-2-1']);
    await expect
      .poll(() => lookUpJobs(queue, [key(1), key(3)]))
      .toEqual({ missing: [key(1), key(3)], delayed: [] });
    expect(await queueHealth(queue)).toMatchObject({ ok: true, workers: 1 });
  });

  it('follows the Sentinels to the new master', { timeout: 30_000 }, async (test) => {
    const redis = await startWatchedRedis();
    test.onTestFinished(() => redis.stop());
    const queue = await open(redis.url, test);
    const worked = work(redis.url, test);

    enqueueAll(queue, [key(1)]);
    expect(await worked(1)).toEqual(['n-1-1']);
    await redis.failOver();
    await expect
      .poll(() => queue.add('notify', { notificationId: '2', ticketId: 1 }).catch(() => null), {
        timeout: 10_000,
      })
      .not.toBeNull();
    expect(await worked(2)).toHaveLength(2);
  });
});

async function open(redisUrl: string, test: TestContext): Promise<NotificationQueue> {
  const queue = openQueue({ databaseUrl: 'postgres://unused', redisUrl }, { attempts: 1, onError: () => {} });
  test.onTestFinished(() => queue.close());
  await queue.waitUntilReady();
  return queue;
}

function enqueueAll(queue: NotificationQueue, keys: JobKey[]): void {
  const enqueuer = createEnqueuer(queue, {
    onFailed: (error) => {
      throw error;
    },
  });
  for (const each of keys) enqueuer.enqueue(each);
}

/** Starts a worker; the function returned waits until it has worked on so many jobs and tells their ids. */
function work(redisUrl: string, test: TestContext): (count: number) => Promise<string[]> {
  const ids: string[] = [];
  const worker = openWorker(
    { databaseUrl: 'postgres://unused', redisUrl },
    async (job) => void ids.push(job.id ?? ''),
    workerOptions,
    () => {},
  );
  test.onTestFinished(() => worker.close());
  void worker.run();
  return async (count) => {
    await expect.poll(() => ids.length, { timeout: 10_000 }).toBe(count);
    return [...ids];
  };
}
