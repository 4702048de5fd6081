import type { FaultEffect } from '@replybell/simulator';
import { sql } from 'kysely';
import { describe, expect, type TestContext, test } from 'vitest';
import {
  conclude,
  openScene,
  openTicket,
  openTickets,
  replyMany,
  type Scene,
  startLoad,
  until,
  untilSettled,
} from '../src/index.ts';

describe('Telegram throttles', () => {
  test.for(['bot', 'chat'] as const)('429 with retry_after 3 for the %s', async (scope, context) => {
    const scene = await openWithWorkers(context, { NOTIFICATION_ATTEMPTS: '1' });
    const load = await startLoad(scene, { perSecond: 40 });
    await scene.telegram.waitForMessages(40, { timeoutMs: 60_000 });
    const tooMany = { errorCode: 429, description: 'Too Many Requests: retry after 3', retryAfterSeconds: 3 };
    await scene.telegram.addFault({ kind: 'answer', ...tooMany, scope, times: 1 });
    const from = performance.now();
    await load.answered(201, 160);
    await load.stop();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    expect(await countRetries(scene)).toBe(0);
    for (const { ms } of await delaysAfter(scene, 'throttled')) expect(ms).toBeGreaterThanOrEqual(2_990);
    await conclude(scene, { row: 14, recoveryMs, duplicates: 0 });
  });
});

describe('Telegram throttles for longer than it says', () => {
  const tooMany = { errorCode: 429, description: 'Too Many Requests: retry after 1', retryAfterSeconds: 1 };

  /** Replies until the burst that met the first 429 has its answers: from then on nobody but a trial may send. */
  async function meetThrottle(scene: Scene): Promise<{ fault: number; refused: number }> {
    const { id: fault } = await scene.telegram.addFault({ kind: 'answer', ...tooMany });
    await replyMany(scene, 150);
    await until('all workers are paused', async () => {
      const { rows } = await sql`
        select from delivery_pauses where paused_until > now()
          and not exists (select from notifications where status = 'sending')`.execute(scene.db);
      return rows.length > 0;
    });
    return { fault, refused: await sends(scene) };
  }
  const sends = async ({ telegram }: Scene) => (await telegram.stats()).requests['sendMessage'] ?? 0;

  test('429 time after time, met by one send each', async (context) => {
    const scene = await openWithWorkers(context, { NOTIFICATION_ATTEMPTS: '1' });
    const { fault, refused } = await meetThrottle(scene);
    const from = performance.now();
    await until('three trials were refused', async () => (await sends(scene)) >= refused + 3);
    expect(await sends(scene)).toBeLessThanOrEqual(refused + 1 + (performance.now() - from) / 1_000);

    await scene.telegram.removeFault(fault);
    const endedAt = performance.now();
    await untilSettled(scene);
    await conclude(scene, { row: 14, recoveryMs: performance.now() - endedAt, duplicates: 0 });
  });

  test('429, and the worker that tries again is killed', async (context) => {
    const scene = await openScene(context, { env: { TELEGRAM_TIMEOUT_MS: '3000' } });
    const workers = await Promise.all([scene.startWorker(), scene.startWorker()]);
    await scene.startApi();
    const { fault } = await meetThrottle(scene);
    const { id: hang } = await scene.telegram.addFault({ kind: 'hang' });
    const trying = await Promise.race(
      workers.map(async (worker) => {
        await worker.waitForLog('Attempting to send', { since: worker.lines.length });
        return worker;
      }),
    );
    await until('its request hangs', async () =>
      (await scene.telegram.faults()).some(({ id, hits }) => id === hang && hits > 0),
    );
    await trying.kill();
    const from = performance.now();
    for (const id of [fault, hang]) await scene.telegram.removeFault(id);
    await untilSettled(scene);
    await conclude(scene, { row: 14, recoveryMs: performance.now() - from, exposed: 1 });
  });
});

describe('Telegram answers badly', () => {
  const badly: [name: string, effect: FaultEffect][] = [
    ['500', { kind: 'answer', errorCode: 500, description: 'Internal Server Error' }],
    ['502 with a body of HTML', { kind: 'html502' }],
    ['connection reset', { kind: 'reset' }],
    ['accepted, then reset', { kind: 'accepted-then-reset' }],
    ['200 that is cut in the middle', { kind: 'accepted-then-truncated' }],
    ['no answer ever', { kind: 'hang' }],
    ['accepted, then no answer', { kind: 'accepted-then-hang' }],
  ];

  test.for(badly)('%s', async ([, effect], context) => {
    const scene = await openWithWorkers(context, {});
    await replyMany(scene, 20);
    const hit = (await scene.telegram.addFault({ ...effect, times: 5 })).id;
    await replyMany(scene, 40);
    const recoveryMs = await untilSettled(scene);
    expect((await scene.telegram.faults()).filter(({ id }) => id === hit)).toEqual([]);
    expect(await longestAttemptMs(scene)).toBeLessThan(7_000);
    await conclude(scene, { row: 15, recoveryMs });
  });

  test('backoff after 500, time after time', async (context) => {
    const scene = await openWithWorkers(context, {});
    const tickets = await openTickets(scene.db, 6);
    // Each in a chat of its own, and never three chats in a row: no outage.
    const failing = tickets.slice(0, 2);
    for (const { chatId } of failing) {
      const effect = { kind: 'answer', errorCode: 500, description: 'Internal Server Error' } as const;
      await scene.telegram.addFault({ ...effect, chatId, times: 4 });
    }
    for (const { ticketId } of tickets) await scene.admin.replyForSure(ticketId);
    const recoveryMs = await untilSettled(scene);
    const delays = await delaysAfter(scene, 'retry');
    expect(delays).toHaveLength(8);
    for (const { nth, ms } of delays) expect(ms).toBeLessThan(1_000 * 3 ** (nth - 1) + 3_000);
    expect(new Set(delays.map(({ ms }) => Math.round(ms / 10))).size).toBeGreaterThan(4);
    await conclude(scene, { row: 15, recoveryMs, duplicates: 0 });
  });
});

test('a group that becomes a supergroup', async (context) => {
  const scene = await openWithWorkers(context, {});
  const { ticketId, userId } = await openTicket(scene.db);
  const [group, supergroup] = [-4_001, -1_001_234_567_890];
  await sql`update users set telegram_id = ${group} where id = ${userId}`.execute(scene.db);
  await scene.telegram.changeChat(group, {});
  await scene.telegram.addFault({ kind: 'migrate', migrateToChatId: supergroup, chatId: group });
  await scene.admin.replyForSure(ticketId);
  const recoveryMs = await untilSettled(scene);
  expect(await scene.telegram.ledger()).toMatchObject([{ chatId: supergroup }]);
  const { rows } = await sql`select telegram_id from users where id = ${userId}`.execute(scene.db);
  expect(rows).toEqual([{ telegram_id: supergroup }]);
  await conclude(scene, { row: 18, recoveryMs, duplicates: 0 });
});

async function openWithWorkers(context: TestContext, env: Record<string, string>): Promise<Scene> {
  const scene = await openScene(context, { env });
  await Promise.all([scene.startApi(), scene.startWorker(), scene.startWorker()]);
  return scene;
}

async function countRetries({ db }: Scene): Promise<number | undefined> {
  const { rows } = await sql<{ retries: number }>`select sum(retries) as retries from notifications`.execute(
    db,
  );
  return rows[0]?.retries;
}

async function longestAttemptMs({ db }: Scene): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from max(ended_at - started_at)) * 1000)::float8 as ms from notification_attempts`.execute(
    db,
  );
  return rows[0]?.ms;
}

/** How long it took from each attempt with this outcome to the next attempt; `nth` is the number of the attempt. */
async function delaysAfter({ db }: Scene, outcome: string): Promise<{ nth: number; ms: number }[]> {
  const { rows } = await sql<{ nth: number; ms: number }>`
    select nth::integer, ms from (
      select outcome, row_number() over attempts as nth,
        (extract(epoch from lead(started_at) over attempts - ended_at) * 1000)::float8 as ms
      from notification_attempts window attempts as (partition by notification_id order by claim)
    ) a where outcome = ${outcome}`.execute(db);
  return rows;
}
