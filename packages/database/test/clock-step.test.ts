import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import {
  countSignInAttempt,
  findNotification,
  holdUpdatePolling,
  mendClockStep,
  pauseThrottled,
  pauseUntilProbed,
  takeAllowance,
  takeBackClaims,
} from '../src/index.ts';
import { claim, createReply, retry, settle, tryToClaim, useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();
const chats = { chatIntervalMs: 1_000 };

/** As after the clock was set back by an hour: what it had told by then lies an hour ahead. */
async function setClockBack(): Promise<void> {
  for (const [table, columns] of Object.entries({
    bot_slots: ['free_at'],
    chat_slots: ['free_at'],
    notifications: ['due_at', 'updated_at', 'lease_until'],
    delivery_pauses: ['since', 'paused_until', 'trial_until'],
    update_polling: ['lease_until'],
    user_allowances: ['used_until'],
    sign_in_attempts: ['window_ends_at'],
  })) {
    const changes = columns.map((column) => `${column} = ${column} + interval '1 hour'`).join(', ');
    await sql.raw(`update ${table} set ${changes}`).execute(database.db);
  }
}

it('a clock that was set back holds up nothing once it is noticed', async () => {
  const { db } = database;
  const [waiting, retried, sending] = [await createReply(db), await createReply(db), await createReply(db)];
  await settle(db, retry(await claim(db, retried, chats), 100));
  await claim(db, sending, { ...chats, leaseMs: 21_000 });
  expect(await mendClockStep(db)).toBe(false);
  await setClockBack();
  expect(await tryToClaim(db, [waiting, retried], chats)).not.toContainEqual(
    expect.objectContaining({ kind: 'claimed' }),
  );

  expect(await mendClockStep(db)).toBe(true);
  expect(await mendClockStep(db)).toBe(false);
  for (const table of ['bot_slots', 'chat_slots']) {
    const { rows } = await sql<{ s: number }>`
      select extract(epoch from max(free_at) - now())::integer as s from ${sql.table(table)}`.execute(db);
    expect(rows[0]?.s, table).toBeLessThan(200);
    await sql`update ${sql.table(table)} set free_at = now()`.execute(db);
  }
  expect(await tryToClaim(db, [waiting, retried], chats)).toMatchObject([
    { kind: 'claimed' },
    { kind: 'claimed' },
  ]);
  await sql`update notifications set lease_until = lease_until - interval '3 minutes' where id = ${sending.notificationId}`.execute(
    db,
  );
  await takeBackClaims(db, { policy: 'resend', limit: 10 });
  expect((await findNotification(db, sending.notificationId))?.status).toBe('pending');
});

it('nobody waits for longer than before who polls, writes, or signs in', async () => {
  const { db } = database;
  const { userId } = await createReply(db);
  const take = () =>
    db
      .transaction()
      .execute((trx) => takeAllowance(trx, userId, { kind: 'ticket', times: 1, withinMs: 900_000 }));
  const attempt = () => countSignInAttempt(db, { email: 'anna@example.com', network: null });
  await holdUpdatePolling(db, { botId: 1, holder: randomUUID(), leaseMs: 30_000 });
  expect(await take()).toEqual({ kind: 'taken' });
  for (let count = 0; count < 10; count += 1) expect(await attempt()).toEqual({ kind: 'allowed' });
  await setClockBack();

  expect(await mendClockStep(db)).toBe(true);
  const { rows } = await sql`
    select lease_until <= now() + interval '62 seconds' as "isSoon" from update_polling`.execute(db);
  expect(rows).toEqual([{ isSoon: true }]);
  expect(await take()).toEqual({ kind: 'taken' });
  const limited = await attempt();
  expect(limited.kind === 'limited' && limited.retryAfterS).toBeLessThanOrEqual(900);
});

it('pauses that were noted before the step end or are probed in their time', async () => {
  const { db } = database;
  await pauseThrottled(db, { retryAfterMs: 5_000, reason: 'too_many_requests', detail: '' });
  await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: 'test' });
  await setClockBack();
  await mendClockStep(db);
  const { rows } = await sql<{ isSoon: boolean }>`
    select paused_until <= now() + interval '1 minute' as "isSoon" from delivery_pauses where ended_at is null`.execute(
    db,
  );
  expect(rows).toEqual([{ isSoon: true }, { isSoon: true }]);
});

it('a pause that has lasted for longer than the step shows it too', async () => {
  const { db } = database;
  await sql`update bot_slots set free_at = now()`.execute(db);
  await sql`
    update delivery_pauses set since = now() - interval '2 hours', paused_until = now() + interval '1 hour'
    where kind = 'outage'`.execute(db);
  expect(await mendClockStep(db)).toBe(true);
  expect(await mendClockStep(db)).toBe(false);
});
