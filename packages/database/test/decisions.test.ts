import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  expireNotifications,
  resendUnknown,
  resolveAsSent,
  retryMatching,
  retryNotification,
} from '../src/index.ts';
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

describe('retryMatching', () => {
  /** More than one batch. */
  const FAILED = 620;
  const failed = { status: 'failed' } as const;

  beforeEach(async () => {
    const { userId } = await createReply(database.db);
    await sql`truncate notifications cascade`.execute(database.db);
    await sql`
      insert into notifications (ticket_id, user_id, subject, status)
      select n, ${userId}, 'Parcel', 'failed' from generate_series(1, ${FAILED}::integer) as n`.execute(
      database.db,
    );
  });

  it('retries as many as were asked for, the oldest first', async () => {
    const { db } = database;
    expect(await retryMatching(db, failed, 510)).toBe(510);
    const { rows } = await sql`
      select status, min(ticket_id) as first, count(*) as count from notifications
      group by status order by first`.execute(db);
    expect(rows).toEqual([
      { status: 'pending', first: 1, count: 510 },
      { status: 'failed', first: 511, count: 110 },
    ]);
  });

  it('retries each only once, also what fails anew meanwhile', async () => {
    const { db } = database;
    await sql`
      create function fail_anew() returns trigger language plpgsql as $$
        begin new.status = 'failed'; return new; end $$`.execute(db);
    await sql`
      create trigger fail_anew before update on notifications
      for each row execute function fail_anew()`.execute(db);
    expect(await retryMatching(db, failed, 3 * FAILED)).toBe(FAILED);
    await sql`drop function fail_anew cascade`.execute(db);
  });
});
