import { hasTestRedis, startRedisServer } from '@replybell/testing';
import { describe, expect, it } from 'vitest';
import { createEnqueuer, openQueue, parseJobId, queueHealth } from '../src/index.ts';

const key = { notificationId: 1, ticketId: 1, epoch: 1 };

describe.skipIf(!hasTestRedis())('a queue whose Redis goes away', () => {
  it('fails soon rather than never, and works again when Redis is back', async () => {
    const redis = await startRedisServer();
    const queue = openQueue(
      { databaseUrl: 'postgres://unused', redisUrl: redis.url },
      { attempts: 1, onError: () => {} },
    );
    const failed: unknown[] = [];
    let added: (jobs: number) => void = () => {};
    const enqueuer = createEnqueuer(queue, {
      onFailed: (error) => failed.push(error),
      onAdded: (jobs) => added(jobs),
    });
    try {
      await queue.waitUntilReady();
      process.kill(redis.pid, 'SIGSTOP');
      const health = await queueHealth(queue, 100);
      process.kill(redis.pid, 'SIGCONT');
      expect(health).toEqual({ ok: false, problem: 'no answer within 100 ms' });

      await redis.kill();
      const from = performance.now();
      enqueuer.enqueue(key);
      await enqueuer.close();
      expect(failed).toHaveLength(1);
      expect(performance.now() - from).toBeLessThan(3_000);
      expect(await queueHealth(queue)).toMatchObject({ ok: false });

      await redis.restart();
      const works = new Promise<number>((resolve) => {
        added = resolve;
      });
      const again = setInterval(() => enqueuer.enqueue(key), 100);
      expect(await works).toBeGreaterThan(0);
      clearInterval(again);
    } finally {
      await queue.close();
      await redis.stop();
    }
  });
});

describe('parseJobId', () => {
  it('reads our ids and no others', () => {
    expect(parseJobId('n-12-3')).toEqual({ notificationId: 12, epoch: 3 });
    for (const id of [
      undefined,
      '',
      '12',
      'n-12',
      'n-12-',
      'n--1-1',
      'x-n-1-1',
      'n-1-1-1',
      `n-${10 ** 16}-1`,
      `n-1-${10 ** 9}`,
    ]) {
      expect(parseJobId(id)).toBeUndefined();
    }
  });
});
