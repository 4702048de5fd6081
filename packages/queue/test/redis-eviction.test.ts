import { createTestRedis, hasTestRedis } from '@replybell/testing';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { jobId, lookUpJobs, openQueue, toBulkJob } from '../src/index.ts';

const waiting = { notificationId: 1, ticketId: 1, epoch: 1 };
const sleeping = { notificationId: 2, ticketId: 2, epoch: 1 };

describe.skipIf(!hasTestRedis())('a queue whose Redis evicts keys', () => {
  it('misses jobs that stand in no list any more', async () => {
    const { url, release } = await createTestRedis();
    onTestFinished(release);
    const queue = openQueue({ databaseUrl: '', redisUrl: url }, { attempts: 8, onError: () => {} });
    onTestFinished(() => queue.close());
    await queue.addBulk([toBulkJob(waiting)]);
    const data = { notificationId: String(sleeping.notificationId), ticketId: sleeping.ticketId };
    await queue.add('notify', data, { jobId: jobId(sleeping), delay: 60_000 });

    const redis = new Redis(url);
    await redis.del(queue.toKey('wait'));
    const { missing, delayed } = await lookUpJobs(queue, [waiting, sleeping]);
    expect([missing, delayed.map(({ key }) => key)]).toEqual([[waiting], [sleeping]]);
    await redis.del(queue.toKey('delayed'));
    expect((await lookUpJobs(queue, [waiting, sleeping])).missing).toEqual([waiting, sleeping]);
    await redis.quit();
  });
});
