import { pauseByOperator } from '@replybell/database';
import { createTestDatabase, findFreePort, hasTestRedis, startRedisServer } from '@replybell/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHarness } from './harness.ts';

describe.skipIf(!hasTestRedis())('the health of a worker', () => {
  it('is not ready while its Redis is away, is alive all the time, and delivers when Redis is back', async () => {
    const redis = await startRedisServer();
    onTestFinished(() => redis.stop());
    const database = await createTestDatabase();
    const env = { DATABASE_URL: database.url, REDIS_URL: redis.url };
    const harness = await openHarness({ name: 'redis', open: async () => ({ env, close: database.drop }) });
    onTestFinished(() => harness.close());
    const port = await findFreePort();
    await harness.startWorker({ WORKER_PORT: String(port) });

    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.json() };
    };
    const ready = { status: 200, body: { status: 'ok', problems: [], queue: 'ok', paused: [] } };
    expect(await ask('/readyz')).toEqual(ready);

    await redis.kill();
    await expect
      .poll(() => ask('/readyz'), { timeout: 10_000 })
      .toMatchObject({
        status: 503,
        body: {
          status: 'unavailable',
          queue: 'unavailable',
          problems: [expect.stringContaining('The queue does not answer')],
        },
      });
    expect((await ask('/healthz')).status).toBe(200);

    await redis.restart();
    await expect.poll(() => ask('/readyz'), { timeout: 10_000 }).toEqual(ready);
    await harness.reply();
    await harness.telegram.waitForMessages(1);

    await harness.queue.pause();
    await pauseByOperator(harness.db, 'anna');
    expect(await ask('/readyz')).toMatchObject({
      status: 200,
      body: { queue: 'paused', paused: ['paused_by_operator'] },
    });
  });
});
