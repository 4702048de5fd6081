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
