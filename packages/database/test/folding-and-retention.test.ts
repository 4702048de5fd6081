import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { foldSiblings } from '../src/folding.ts';
import {
  createReplyInserter,
  expireNotifications,
  findNotification,
  insertForeignNotification,
  type JobKey,
  listAuditEntries,
  notificationStatuses,
  parkUnlinked,
  pauseThrottled,
  recordAudit,
  removeOld,
  settleNotifications,
  takeBackClaims,
} from '../src/index.ts';
import {
  claim,
  createReply,
  freshTelegramId,
  replyTo,
  retry,
  sent,
  settle,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();
const statusOf = async (id: number) => (await findNotification(database.db, id))?.status;

beforeEach(async () => {
  await sql`truncate notifications cascade`.execute(database.db);
});

describe('folding', () => {
  it('lets one notification speak for all of its ticket that wait', async () => {
    const { db } = database;
    const first = await createReply(db);
    const [second, third] = [await replyTo(db, first.ticketId), await replyTo(db, first.ticketId)];
    const elsewhere = await createReply(db);

    const speaker = await claim(db, first, { folding: true });
    expect(speaker.replies).toBe(3);
    expect(await statusOf(second.notificationId)).toBe('folded');
    expect(await statusOf(third.notificationId)).toBe('folded');
    expect(await statusOf(elsewhere.notificationId)).toBe('pending');
    expect(await tryToClaim(db, [second], { folding: true })).toMatchObject([{ kind: 'stale' }]);
  });

  it('counts what is folded in later too, when the message is tried again', async () => {
    const { db } = database;
    const first = await createReply(db);
    await replyTo(db, first.ticketId);
    await settle(db, retry(await claim(db, first, { folding: true }), 0));
    await replyTo(db, first.ticketId);
    expect((await claim(db, first, { folding: true })).replies).toBe(3);
  });

  it('counts what was folded in before folding was turned off', async () => {
    const { db } = database;
    const first = await createReply(db);
    for (let count = 0; count < 2; count += 1) await replyTo(db, first.ticketId);
    await settle(db, retry(await claim(db, first, { folding: true }), 0));
    expect((await claim(db, first, { folding: false })).replies).toBe(3);
  });

  it.each([
    ['is older than all', 71, [70, 1]],
    ['is the newest itself', 1, [71, 70]],
  ])('lets a speaker that %s wait as long as the newest that it speaks for', async (_what, hours, others) => {
    const { db } = database;
    const speaker = await createReply(db);
    const waitsFor = (id: number, since: number) =>
      sql`update notifications set pending_since = now() - ${since} * interval '1 hour' where id = ${id}`.execute(
        db,
      );
    await waitsFor(speaker.notificationId, hours);
    for (const since of others) {
      await waitsFor((await replyTo(db, speaker.ticketId)).notificationId, since);
    }
    await settle(db, retry(await claim(db, speaker, { folding: true }), 0));
    const { rows } = await sql<{ isNewest: boolean }>`
      select pending_since > now() - interval '2 hours' as "isNewest" from notifications
      where id = ${speaker.notificationId}`.execute(db);
    expect(rows).toEqual([{ isNewest: true }]);
  });

  it('takes over what had been folded into one that is folded itself', async () => {
    const { db } = database;
    const first = await createReply(db);
    const second = await replyTo(db, first.ticketId);
    await settle(db, retry(await claim(db, first, { folding: true }), 0));
    const third = await replyTo(db, first.ticketId);
    expect((await claim(db, third, { folding: true })).replies).toBe(3);
    const { rows } =
      await sql`select id from notifications where folded_into = ${third.notificationId}`.execute(db);
    expect(rows).toHaveLength(2);
    expect(await statusOf(second.notificationId)).toBe('folded');
  });

  it.each<[string, (again: JobKey) => Promise<unknown>]>([
    ['waits to be sent again', async () => {}],
    ['is being sent again', (again) => claim(database.db, again)],
    ['was sent again', async (again) => settle(database.db, sent(await claim(database.db, again)))],
  ])('speaks for nothing more once its claim has run out, and it %s', async (_what, sendAgain) => {
    const { db } = database;
    const first = await createReply(db);
    const slept = await claim(db, first);
    await sql`update notifications set lease_until = now() - interval '1 second'`.execute(db);
    const [again] = await takeBackClaims(db, { policy: 'resend', limit: 10 });
    if (!again) throw new Error('Nothing was taken back');
    await sendAgain(again);
    const later = await replyTo(db, first.ticketId);
    await foldSiblings(db, [slept], true);
    expect(await statusOf(later.notificationId)).toBe('pending');
  });

  it('waits for none that somebody holds: what it can not speak for is sent by itself', async () => {
    const { db } = database;
    const first = await createReply(db);
    const second = await replyTo(db, first.ticketId);
    await settle(db, retry(await claim(db, first, { folding: true }), 0));
    const third = await replyTo(db, first.ticketId);
    await db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${second.notificationId} for update`.execute(trx);
      expect((await claim(db, third, { folding: true })).replies).toBe(1);
    });
    expect(await statusOf(first.notificationId)).toBe('pending');
    expect((await claim(db, first, { folding: true })).replies).toBe(2);
  });

  it('can be off', async () => {
    const { db } = database;
    const first = await createReply(db);
    const second = await replyTo(db, first.ticketId);
    expect((await claim(db, first, { folding: false })).replies).toBe(1);
    expect(await statusOf(second.notificationId)).toBe('pending');
  });

  it('never deadlocks nor loses one when a ticket’s notifications are claimed by many at once', async () => {
    const { db } = database;
    const first = await createReply(db);
    const all = [first, ...(await Promise.all(Array.from({ length: 9 }, () => replyTo(db, first.ticketId))))];
    const options = { folding: true, chatIntervalMs: 1_000 };
    const results = (await Promise.all(all.map((each) => tryToClaim(db, [each], options)))).flat();
    expect(results.filter((result) => result.kind === 'claimed')).toHaveLength(1);
    const statuses = await Promise.all(all.map((each) => statusOf(each.notificationId)));
    expect(
      statuses.every((status) => status === 'sending' || status === 'folded' || status === 'pending'),
    ).toBe(true);
  });
});

describe('the pace of a chat', () => {
  it('lets one message go and the others wait their turn', async () => {
    const { db } = database;
    const first = await createReply(db);
    const others = await Promise.all([replyTo(db, first.ticketId), replyTo(db, first.ticketId)]);
    const results = await tryToClaim(db, [first, ...others], { chatIntervalMs: 1_000 });
    expect(results).toMatchObject([
      { kind: 'claimed' },
      { kind: 'not_due', inMs: 1_000 },
      { kind: 'not_due', inMs: 2_000 },
    ]);
  });

  it('is an interval after the answer', async () => {
    const { db } = database;
    const first = await createReply(db);
    const options = { chatIntervalMs: 10_000 };
    const claimed = await claim(db, first, options);
    const { rows } = await sql<{ answeredAt: Date }>`select clock_timestamp() as "answeredAt"`.execute(db);
    await settleNotifications(db, [sent(claimed)], options.chatIntervalMs);
    const chat = await db
      .selectFrom('chat_slots')
      .select('free_at')
      .where('chat_id', '=', claimed.telegramId)
      .executeTakeFirstOrThrow();
    const freeAfterMs = Number(chat.free_at) - Number(rows[0]?.answeredAt);
    expect(freeAfterMs).toBeGreaterThanOrEqual(10_000);
    expect(freeAfterMs).toBeLessThan(11_000);

    const [result] = await tryToClaim(db, [await replyTo(db, first.ticketId)], options);
    expect(result?.kind === 'not_due' && result.inMs).toBeGreaterThan(9_000);
  });
});

describe('expireNotifications', () => {
  it('ends what has waited too long, and a claim does not take it before either', async () => {
    const { db } = database;
    const [old, fresh] = [await createReply(db), await createReply(db)];
    await sql`update notifications set pending_since = now() - interval '73 hours' where id = ${old.notificationId}`.execute(
      db,
    );
    expect(await tryToClaim(db, [old])).not.toMatchObject([{ kind: 'claimed' }]);
    expect(await expireNotifications(db, { ttlHours: 72, parkedTtlDays: 30, limit: 10 })).toBe(1);
    expect(await findNotification(db, old.notificationId)).toMatchObject({
      status: 'expired',
      reason: 'waited_too_long',
    });
    expect(await statusOf(fresh.notificationId)).toBe('pending');
  });

  it('waits for nothing that somebody holds', async () => {
    const { db } = database;
    const [held, free] = [await createReply(db), await createReply(db)];
    await sql`update notifications set pending_since = now() - interval '73 hours'`.execute(db);
    await db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${held.notificationId} for update`.execute(trx);
      expect(await expireNotifications(db, { ttlHours: 72, parkedTtlDays: 30, limit: 10 })).toBe(1);
    });
    expect(await statusOf(held.notificationId)).toBe('pending');
    expect(await statusOf(free.notificationId)).toBe('expired');
  });

  it('ends what was parked too long and keeps the reason', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await parkUnlinked(db, reply);
    await sql`update notifications set updated_at = now() - interval '31 days'`.execute(db);
    expect(await expireNotifications(db, { ttlHours: 72, parkedTtlDays: 30, limit: 10 })).toBe(1);
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'expired',
      reason: 'no_telegram_id',
    });
  });
});

describe("folding of other systems' tickets", () => {
  it.each([
    ['user', { user: { telegramId: freshTelegramId() } }],
    ['subject', { subject: 'Invoice' }],
    ['address', { buttonUrl: 'https://two.example.com/7' }],
  ])('takes none that has the same number, but another %s', async (_what, difference) => {
    const { db } = database;
    const ticket = {
      user: { telegramId: freshTelegramId() },
      ticketId: 7,
      subject: 'Parcel',
      buttonUrl: 'https://one.example.com/7',
      locale: null,
      requestId: null,
    };
    const promise = async (reply: typeof ticket) => {
      const promised = await db.transaction().execute((trx) => insertForeignNotification(trx, reply));
      if (promised.kind !== 'promised') throw new Error('Nothing was promised');
      return promised.job;
    };
    const [one, again] = [await promise(ticket), await promise(ticket)];
    const other = await promise({ ...ticket, ...difference });

    const speaker = await claim(db, one, { folding: true });
    expect(speaker).toMatchObject({ replies: 2, subject: 'Parcel', buttonUrl: 'https://one.example.com/7' });
    expect(await statusOf(again.notificationId)).toBe('folded');
    expect(await statusOf(other.notificationId)).toBe('pending');
  });
});

describe('removeOld', () => {
  it('removes what is final and old with its attempts, and nothing that somebody waits for', async () => {
    const { db } = database;
    const [done, waiting] = [await createReply(db), await createReply(db)];
    const folded = await replyTo(db, done.ticketId);
    // Tried once, then spoken for: its attempt has to leave with it too.
    await settle(db, retry(await claim(db, folded), 60_000));
    await settle(db, sent(await claim(db, done, { folding: true })));
    await sql`update notifications set updated_at = now() - interval '91 days'`.execute(db);
    await sql`update notifications set updated_at = now() where id = ${folded.notificationId}`.execute(db);

    expect(await removeOld(db, { retentionDays: 90, limit: 10 })).toBe(1);
    expect(await statusOf(done.notificationId)).toBeUndefined();
    expect(await statusOf(folded.notificationId)).toBeUndefined();
    expect(await statusOf(waiting.notificationId)).toBe('pending');
    const attempts = await db.selectFrom('notification_attempts').select('notification_id').execute();
    const removed = [done.notificationId, folded.notificationId];
    expect(attempts.filter((attempt) => removed.includes(attempt.notification_id))).toEqual([]);
  });
});

it('what was folded is kept as long as the one that speaks for it', async () => {
  const { db } = database;
  const speaker = await createReply(db);
  const folded = await replyTo(db, speaker.ticketId);
  await settle(db, retry(await claim(db, speaker, { folding: true }), 0));
  await sql`update notifications set updated_at = now() - interval '91 days'`.execute(db);
  await removeOld(db, { retentionDays: 90, limit: 10 });
  expect(await statusOf(folded.notificationId)).toBe('folded');

  await settle(db, sent(await claim(db, speaker)));
  await sql`update notifications set updated_at = now() - interval '91 days'`.execute(db);
  await removeOld(db, { retentionDays: 90, limit: 10 });
  expect(await statusOf(speaker.notificationId)).toBeUndefined();
  expect(await statusOf(folded.notificationId)).toBeUndefined();
});

describe('idempotency keys', () => {
  it('are forgotten after a day', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    const reply = { ticketId, message: 'Once', requestId: null, idempotency: { caller: 'a', key: 'k' } };
    const first = await createReplyInserter(db)(reply);
    expect(await createReplyInserter(db)(reply)).toEqual(first);
    await sql`update idempotency_keys set created_at = now() - interval '25 hours'`.execute(db);
    await removeOld(db, { retentionDays: 90, limit: 10 });
    expect(await createReplyInserter(db)(reply)).not.toEqual(first);
  });

  it('of different callers do not meet', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    const reply = { ticketId, message: 'Once', requestId: null };
    const [one, other] = await Promise.all(
      ['a', 'b'].map((caller) => createReplyInserter(db)({ ...reply, idempotency: { caller, key: 'same' } })),
    );
    expect(one?.kind === 'inserted' && other?.kind === 'inserted' && one.reply.id !== other.reply.id).toBe(
      true,
    );
  });
});

it('the audit trail is kept for a year', async () => {
  const { db } = database;
  const entry = { actor: { key: 'admin:1', name: 'Anna' }, action: 'ticket.status', requestId: null };
  for (const subject of ['ticket:1', 'ticket:2']) await recordAudit(db, { ...entry, subject });
  await sql`update audit_entries set at = now() - interval '366 days' where subject = 'ticket:1'`.execute(db);
  await removeOld(db, { retentionDays: 90, limit: 10 });
  const kept = await listAuditEntries(db, { limit: 10 });
  expect(kept.map(({ subject }) => subject)).toEqual(['ticket:2']);
});

describe('each kind of row is kept until its time, and removed after it:', () => {
  /** Removes what is old of a table's rows, and tells which of two are left: the one just inside its time, or both. */
  async function keptOf(table: string, time: string, keptFor: string) {
    await removeOld(database.db, { retentionDays: 90, limit: 10 });
    const { rows } = await sql<{ isYoung: boolean }>`
      select ${sql.ref(time)} > now() - ${keptFor}::interval as "isYoung" from ${sql.table(table)}
      order by 1 desc`.execute(database.db);
    return rows.map(({ isYoung }) => (isYoung ? 'young' : 'old'));
  }

  const someUser = '(select min(id) from users)';
  const someAdmin = '(select min(id) from admins)';
  it.each([
    ['chat_slots', '1 minute', 'free_at', { chat_id: 'n', notification_id: '0', claim: '0' }],
    ['idempotency_keys', '1 day', 'created_at', { caller: "'a'", key: 'n', body_hash: "''", answer: "''" }],
    ['admin_sessions', '0 seconds', 'expires_at', { user_id: someAdmin, token: 'n' }],
    ['sign_in_attempts', '0 seconds', 'window_ends_at', { subject: 'n', attempts: '1' }],
    ['link_tokens', '30 days', 'expires_at', { token_hash: 'n::text::bytea', user_id: someUser }],
    ['telegram_updates', '3 days', 'received_at', { bot_id: '1', update_id: 'n' }],
    [
      'audit_entries',
      '365 days',
      'at',
      { actor: "'admin:1'", actor_name: "'Anna'", action: "'test'", subject: 'n' },
    ],
    [
      'delivery_pauses',
      '2 minutes',
      'paused_until',
      { kind: "'token'", reason: "'test'", token_fingerprint: 'n' },
    ],
  ])('%s for %s', async (table, keptFor, time, others) => {
    const { db } = database;
    await createReply(db);
    await sql`
      insert into admins (email, name, role) values ('anna@example.com', 'Anna', 'owner')
      on conflict do nothing`.execute(db);
    await sql`truncate ${sql.table(table)}`.execute(db);
    await sql`
      insert into ${sql.table(table)} (${sql.raw([time, ...Object.keys(others)].join(', '))})
      select ${sql.raw(['at', ...Object.values(others)].join(', '))}
      from (
        values (1, now() - ${keptFor}::interval + interval '5 seconds'),
          (2, now() - ${keptFor}::interval - interval '5 seconds')
      ) as rows (n, at)`.execute(db);
    expect(await keptOf(table, time, keptFor)).toEqual(['young']);
  });

  it.each(
    notificationStatuses.map((status) => [
      status,
      ['sent', 'expired', 'withdrawn'].includes(status) ? ['young'] : ['young', 'old'],
    ]),
  )('notifications that are %s', async (status, kept) => {
    const { db } = database;
    const young = await createReply(db);
    await replyTo(db, young.ticketId);
    await sql`
      update notifications set
        status = ${status}, folded_into = id, lease_until = now(),
        updated_at = now() - interval '90 days'
          + case when id = ${young.notificationId} then 5 else -5 end * interval '1 second'`.execute(db);
    expect(await keptOf('notifications', 'updated_at', '90 days')).toEqual(kept);
  });

  it('pauses that hold for any token, always', async () => {
    const { db } = database;
    await pauseThrottled(db, { retryAfterMs: 1_000, reason: 'too_many_requests', detail: '' });
    await sql`
      update delivery_pauses set
        paused_until = now() - interval '1 year', ended_at = now() - interval '1 year'`.execute(db);
    expect(await keptOf('delivery_pauses', 'paused_until', '2 minutes')).toContain('old');
  });
});
