import { openWorker, workerOptions } from '@replybell/queue';
import { anyBackend } from '@replybell/testing';
import { expect, it, onTestFinished } from 'vitest';
import { backoffStrategy, endJob } from '../src/ending.ts';
import { openHarness } from './harness.ts';

it('a retry is a failed attempt as long as the queue knows of more, and waits all the same when it does not', async () => {
  const { queue, env, close } = await openHarness(anyBackend);
  onTestFinished(close);
  const worker = openWorker(
    { databaseUrl: env['DATABASE_URL'] ?? '', redisUrl: env['REDIS_URL'] },
    (job, token) => endJob(job, token, { kind: 'retry', inMs: 60_000, reason: 'telegram_error' }),
    { ...workerOptions, settings: { backoffStrategy } },
    () => {},
  );
  onTestFinished(() => worker.close());
  void worker.run();
  const data = { notificationId: '1', ticketId: 1 };
  for (const attempts of [1, 2]) await queue.add('notify', data, { jobId: `n-${attempts}-1`, attempts });
  await expect.poll(() => queue.getDelayedCount(), { timeout: 10_000 }).toBe(2);
  const jobs = await Promise.all(['n-1-1', 'n-2-1'].map((id) => queue.getJob(id)));
  expect(jobs).toMatchObject([
    { attemptsMade: 0, delay: expect.any(Number) },
    { attemptsMade: 1, failedReason: 'telegram_error', delay: 60_000 },
  ]);
  for (const job of jobs) expect(job?.delay).toBeGreaterThan(30_000);
});
