import { setTimeout as sleep } from 'node:timers/promises';
import { pauseThrottled } from '@replybell/database';
import { anyBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
});
afterAll(() => harness.close());

it('users whom somebody holds in an open transaction hold up nobody else, and are parked afterwards', async () => {
  const blocked = Array.from({ length: 15 }, (_, index) => 8_000 + index);
  for (const chatId of blocked) await harness.telegram.changeChat(chatId, { blocked: true });
  const unreachable = await Promise.all([
    ...blocked.map((telegramId) => harness.reply({ telegramId })),
    ...blocked.map(() => harness.reply({ telegramId: null })),
  ]);
  const others = await Promise.all([1, 2, 3, 4, 5].map(() => harness.reply()));
  await harness.db.transaction().execute(async (trx) => {
    const ids = unreachable.map(({ userId }) => userId);
    await sql`select from users where id = any(${ids}) for update`.execute(trx);
    await harness.startWorker({ WORKER_CONCURRENCY: '5', LOG_LEVEL: 'info' });
    await harness.telegram.waitForMessages(others.length);
  });
  for (const reply of unreachable) {
    await expect.poll(() => harness.statusOf(reply), { timeout: 30_000 }).toBe('parked');
  }
}, 60_000);

it('notifications whose rows were held past their lease are not sent again when their answers are known', async () => {
  const { db, telegram } = harness;
  await telegram.reset();
  await telegram.addFault({ kind: 'delay', delayMs: 900 });
  await harness.startWorker({ TELEGRAM_TIMEOUT_MS: '1500', LOG_LEVEL: 'info' });
  const replies = await Promise.all(Array.from({ length: 30 }, () => harness.reply()));
  const ids = replies.map(({ notificationId }) => notificationId);
  const claimed = () =>
    sql`select from notifications where id = any(${ids}::bigint[]) and status = 'sending'`.execute(db);
  await expect.poll(async () => (await claimed()).rows.length, { interval: 20 }).toBe(ids.length);
  await db.transaction().execute(async (trx) => {
    await sql`select from notifications where id = any(${ids}::bigint[]) for update`.execute(trx);
    await telegram.waitForMessages(ids.length);
    const { rows } = await sql<{ ms: number }>`
      select extract(epoch from max(lease_until) - clock_timestamp())::float8 * 1000 as ms
      from notifications where id = any(${ids}::bigint[])`.execute(trx);
    await sleep((rows[0]?.ms ?? 0) + 500);
  });
  for (const reply of replies) {
    await expect.poll(() => harness.statusOf(reply), { timeout: 10_000 }).toBe('sent');
  }
  expect(await telegram.ledger()).toHaveLength(ids.length);
}, 60_000);

it('an answer is settled although somebody holds the row of the pause that it ends', async () => {
  const { db, telegram } = harness;
  await telegram.reset();
  await telegram.addFault({ kind: 'delay', delayMs: 900 });
  await pauseThrottled(db, { retryAfterMs: 1, reason: 'too_many_requests', detail: 'Too Many Requests' });
  await harness.startWorker({ TELEGRAM_TIMEOUT_MS: '1500', LOG_LEVEL: 'info' });
  const reply = await harness.reply();
  await expect.poll(() => harness.statusOf(reply), { timeout: 10_000, interval: 20 }).toBe('sending');
  await db.transaction().execute(async (trx) => {
    const held = await sql`select from delivery_pauses where trial_until > now() for update`.execute(trx);
    expect(held.rows).toHaveLength(1);
    await expect.poll(() => harness.statusOf(reply), { timeout: 3_000 }).toBe('sent');
  });
  const inForce = () => sql`select from delivery_pauses where ended_at is null`.execute(db);
  await expect.poll(async () => (await inForce()).rows.length).toBe(0);
  expect(await telegram.ledger()).toHaveLength(1);
}, 60_000);
