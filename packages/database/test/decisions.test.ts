import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { expireNotifications, resendUnknown, resolveAsSent, retryNotification } from '../src/index.ts';
import { claim, createReply, useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

it.each([
  ['retries', retryNotification],
  ['resends', resendUnknown],
])(
  'tells an operator who %s what another, who is just committing, has made of the notification',
  async (_what, decide) => {
    const { db } = database;
    const { notificationId } = await createReply(db);
    await sql`update notifications set status = 'unknown' where id = ${notificationId}`.execute(db);
    const second = await db.transaction().execute(async (trx) => {
      expect(await resolveAsSent(trx, notificationId)).toEqual({ kind: 'done' });
      const waiting = decide(db, notificationId);
      await expect
        .poll(async () => {
          const { rows } = await sql`select from pg_locks where not granted`.execute(db);
          return rows.length;
        })
        .toBeGreaterThan(0);
      return { waiting };
    });
    expect(await second.waiting).toEqual({ kind: 'refused', status: 'sent' });
  },
);

it.each([
  ['retried', retryNotification],
  ['resent', resendUnknown],
])('what is %s has its whole time to live again', async (_what, decide) => {
  const { db } = database;
  const { notificationId, epoch } = await createReply(db);
  await sql`
    update notifications set status = 'unknown', pending_since = now() - interval '100 days'
    where id = ${notificationId}`.execute(db);
  expect(await decide(db, notificationId)).toEqual({ kind: 'done' });
  expect(await expireNotifications(db, { ttlHours: 72, parkedTtlDays: 90, limit: 500 })).toBe(0);
  await claim(db, { notificationId, epoch: epoch + 1 });
});

it('resends only what is unknown', async () => {
  const { db } = database;
  const { notificationId } = await createReply(db);
  await sql`update notifications set status = 'failed' where id = ${notificationId}`.execute(db);
  expect(await resendUnknown(db, notificationId)).toEqual({ kind: 'refused', status: 'failed' });
});
