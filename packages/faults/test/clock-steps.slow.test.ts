import { describe, expect, test } from 'vitest';
import {
  conclude,
  createWallClock,
  hasWallClocks,
  openScene,
  type Queue,
  replyMany,
  startLoad,
  until,
  untilSettled,
} from '../src/index.ts';

const HOUR_MS = 3_600_000;
const queues: Queue[] = ['redis', 'postgres'];

describe.skipIf(!hasWallClocks)('the wall clock', () => {
  test.for(queues)("a worker's clock steps by an hour, forward and back (%s)", async (queue, context) => {
    const clock = await createWallClock(context);
    const scene = await openScene(context, { queue, env: { NOTIFICATION_TTL_HOURS: '1' } });
    const [worker] = await Promise.all([scene.startWorker(clock.env), scene.startWorker(), scene.startApi()]);
    const load = await startLoad(scene, { perSecond: 20 });
    for (const hours of [1, 0, -1, 0]) {
      await clock.step(hours);
      const from = worker.lines.length;
      await until(`the worker's clock is ${hours} h ahead`, async () =>
        worker.lines.slice(from).some(({ fields }) => Math.abs(aheadMs(fields) - hours * HOUR_MS) < 60_000),
      );
      // Delays of all kinds are set by this clock, and end by the next.
      const throttled = {
        errorCode: 429,
        description: 'Too Many Requests: retry after 2',
        retryAfterSeconds: 2,
      };
      await scene.telegram.addFault({ kind: 'answer', ...throttled, times: 1 });
      const failing = { kind: 'answer', errorCode: 500, description: 'Internal Server Error' } as const;
      await scene.telegram.addFault({ ...failing, probability: 0.2, times: 5 });
      await load.answered(201, 60);
    }
    await load.stop();
    const recoveryMs = await untilSettled(scene);
    await conclude(scene, { row: 21, recoveryMs, duplicates: 0 });
  });

  test.for(queues)('the clock steps back by an hour while a job is delayed (%s)', async (queue, context) => {
    const clock = await createWallClock(context);
    await clock.step(1);
    const scene = await openScene(context, { queue });
    const [worker] = await Promise.all([scene.startWorker(clock.env), scene.startApi()]);
    const throttled = {
      errorCode: 429,
      description: 'Too Many Requests: retry after 4',
      retryAfterSeconds: 4,
    };
    await scene.telegram.addFault({ kind: 'answer', ...throttled, times: 1 });
    await replyMany(scene, 1);
    await worker.waitForLog('Too Many Requests');
    await clock.step(0);
    const recoveryMs = await untilSettled(scene);
    await conclude(scene, { row: 21, recoveryMs, duplicates: 0 });
  });

  test("the API's clock steps by an hour, forward and back", async (context) => {
    const clock = await createWallClock(context);
    const scene = await openScene(context, { env: { NOTIFICATION_TTL_HOURS: '1' } });
    const [api] = await Promise.all([scene.startApi(clock.env), scene.startWorker()]);
    for (const hours of [1, 0, -1, 0]) {
      await clock.step(hours);
      await until(`the API's clock is ${hours} h ahead`, async () => {
        await replyMany(scene, 20);
        return Math.abs(aheadMs(api.lines.at(-1)?.fields) - hours * HOUR_MS) < 60_000;
      });
    }
    await conclude(scene, { row: 21, recoveryMs: await untilSettled(scene), duplicates: 0 });
    expect(await scene.admin.call('GET', '/readyz')).toMatchObject({ status: 200 });
  });
});

/** How far the clock that wrote a line of the log is ahead, in milliseconds. */
function aheadMs(fields: Record<string, unknown> | undefined): number {
  return Date.parse(String(fields?.['time'])) - Date.now();
}
