import { once } from 'node:events';
import { createTestRedis, hasTestRedis } from '@replybell/testing';
import { expect, it, onTestFinished } from 'vitest';
import {
  findQueueOwner,
  lookUpJobs,
  openQueue,
  openWorker,
  takeOverQueue,
  toBulkJob,
  workerOptions,
} from '../src/index.ts';

const key = (notificationId: number) => ({ notificationId, ticketId: 1, epoch: 1 });

it.skipIf(!hasTestRedis())(
  'a queue that was another database’s is emptied, and one’s own is not',
  async () => {
    const { url, release } = await createTestRedis();
    onTestFinished(release);
    const target = { databaseUrl: '', redisUrl: url };
    const queue = openQueue(target, { attempts: 8, onError: () => {} });
    onTestFinished(() => queue.close());
    const worker = openWorker(
      target,
      async () => {},
      workerOptions,
      () => {},
    );
    const ended = once(worker, 'completed');
    void worker.run();
    await queue.addBulk([toBulkJob(key(1))]);
    await ended;
    await worker.close();
    await queue.addBulk([toBulkJob(key(2))]);
    await queue.add('notify', { notificationId: '3', ticketId: 1 }, { jobId: 'n-3-1', delay: 60_000 });

    for (const owner of ['one', 'one']) expect(await takeOverQueue(queue, owner)).toBe(false);
    expect((await lookUpJobs(queue, [key(2), key(3)])).missing).toEqual([]);
    expect(await takeOverQueue(queue, 'another')).toBe(true);
    expect(await findQueueOwner(queue)).toBe('another');
    for (const id of ['n-1-1', 'n-2-1', 'n-3-1']) expect(await queue.getJob(id)).toBeUndefined();
  },
);
