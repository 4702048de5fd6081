import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { resendUnknown, resolveAsSent, retryNotification } from '../src/index.ts';
import { createReply, useDatabaseWithSlots } from './fixtures.ts';

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

it('resends only what is unknown', async () => {
  const { db } = database;
  const { notificationId } = await createReply(db);
  await sql`update notifications set status = 'failed' where id = ${notificationId}`.execute(db);
  expect(await resendUnknown(db, notificationId)).toEqual({ kind: 'refused', status: 'failed' });
});
