import { randomUUID } from 'node:crypto';
import { claimOptions } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  type ClaimRequest,
  claimNotifications,
  createBatcher,
  createSettler,
  type Db,
  findNotification,
  insertForeignNotification,
  isConflict,
  openDatabase,
  pauseThrottled,
  retryNotification,
  settleNotifications,
  takeBackClaims,
} from '../src/index.ts';
import {
  claim,
  createReply,
  release,
  replyTo,
  retry,
  sent,
  settle,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();

describe('claimNotifications', () => {
  it('gives all that the message needs and writes the attempt as started', async () => {
    const { db } = database;
    const reply = await createReply(db);
    expect(await claim(db, reply)).toMatchObject({
      notificationId: reply.notificationId,
      ticketId: reply.ticketId,
      userId: reply.userId,
      fence: 1,
      subject: 'Balance <3',
      locale: 'ru',
      requestId: 'request-1',
      retries: 0,
    });
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'sending',
      attempts: 1,
      timeline: [{ endedAt: null, outcome: null }],
    });
  });

  it("speaks the language that another system asked for, whatever its user's is", async () => {
    const { db } = database;
    const { userId } = await createReply(db);
    const reply = { user: { id: userId }, ticketId: 7, subject: 'Parcel', buttonUrl: null, requestId: null };
    const promised = await db
      .transaction()
      .execute((trx) => insertForeignNotification(trx, { ...reply, locale: 'en' }));
    if (promised.kind !== 'promised') throw new Error('Nothing was promised');
    expect(await claim(db, promised.job)).toMatchObject({ userId, locale: 'en' });
  });

  it('gives a lease that outlasts the send, which may have to wait for its slot', async () => {
    const { db } = database;
    const { rows: slots } = await sql<{ freeAt: Date }>`
      update bot_slots set free_at = now() + interval '200 milliseconds' returning free_at as "freeAt"`.execute(
      db,
    );
    const { notificationId } = await claim(db, await createReply(db), { leaseMs: 60_000 });
    const { lease_until: leaseUntil } = await db
      .selectFrom('notifications')
      .select('lease_until')
      .where('id', '=', notificationId)
      .executeTakeFirstOrThrow();
    expect(Number(leaseUntil) - Number(slots[0]?.freeAt)).toBeGreaterThanOrEqual(60_000);
    expect(await takeBackClaims(db, { policy: 'resend', limit: 500 })).toEqual([]);
    await sql`update bot_slots set free_at = now()`.execute(db);
  });

  it('lets exactly one of many racing workers send', async () => {
    const { db } = database;
    const request = await createReply(db);
    const results = await Promise.all(Array.from({ length: 20 }, () => tryToClaim(db, [request])));
    expect(results.flat().filter((result) => result.kind === 'claimed')).toHaveLength(1);
  });

  it('gives one that an operator retries in Bull Board fresh counts and a fresh time to live', async () => {
    const { db } = database;
    const reply = await createReply(db);
    await sql`
      update notifications
      set status = 'failed', retries = 8, unknowns = 2, pending_since = now() - interval '80 hours'
      where id = ${reply.notificationId}`.execute(db);
    const retried = await claim(db, { ...reply, run: 1 });
    expect(retried).toMatchObject({ retries: 0, unknowns: 0 });
    await release(db, retried);
    expect(await tryToClaim(db, [{ ...reply, run: 1 }])).toMatchObject([{ kind: 'claimed' }]);
  });

  it('gives a notification that stands twice in one batch to the first only', async () => {
    const { db } = database;
    const request = await createReply(db);
    const results = await tryToClaim(db, [request, request]);
    expect(results.map((result) => result.kind)).toEqual(['claimed', 'stale']);
  });

  it('answers in the order of the requests and refuses each for its own reason', async () => {
    const { db } = database;
    const [sentReply, unlinkedReply, earlyReply, good] = await Promise.all([
      createReply(db),
      createReply(db, { telegramId: null }),
      createReply(db),
      createReply(db),
    ]);
    await settle(db, sent(await claim(db, sentReply)));
    await settle(db, retry(await claim(db, earlyReply), 5_000));
    const results = await tryToClaim(db, [
      sentReply,
      unlinkedReply,
      { notificationId: 999_999, epoch: 1 },
      earlyReply,
      { ...good, epoch: good.epoch - 1 },
      good,
    ]);
    expect(results.map((result) => result.kind)).toEqual([
      'stale',
      'unlinked',
      'stale',
      'not_due',
      'stale',
      'claimed',
    ]);
    const notDue = results[3];
    expect(notDue?.kind === 'not_due' && notDue.inMs).toBeGreaterThan(4_000);
    expect(notDue?.kind === 'not_due' && notDue.inMs).toBeLessThanOrEqual(5_000);
  });

  it('takes a failed notification when an operator retried its job, not when a stalled job comes back', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const first = await claim(db, { ...reply, run: 3 });
    await settle(db, { ...sent(first), outcome: 'rejected', status: 'failed', reason: 'message_refused' });
    expect(await tryToClaim(db, [{ ...reply, run: 3 }])).toMatchObject([{ kind: 'stale' }]);
    expect(await claim(db, { ...reply, run: 4 })).toMatchObject({ fence: 2, retries: 0 });
  });
});

describe('a claim whose answer was lost', () => {
  it('is given back to its claimer, with its slots, and to nobody else', async () => {
    const { db } = database;
    await sql`update bot_slots set free_at = now() + interval '1 hour' where id > 3`.execute(db);
    await sql`update bot_slots set free_at = now() where id <= 3`.execute(db);
    const options = { chatIntervalMs: 1_000 };
    const replies = await Promise.all([1, 2, 3].map(() => createReply(db)));
    const lost = replies.map((reply) => ({ ...reply, token: `of ${reply.notificationId}` }));
    for (const { kind } of await tryToClaim(db, lost, options)) expect(kind).toBe('claimed');
    const strangers = replies.map((reply) => ({ ...reply, isRepeated: true }));
    for (const { kind } of await tryToClaim(db, strangers, options)) expect(kind).toBe('stale');

    const again = lost.map((reply) => ({ ...reply, isRepeated: true }));
    for (const result of await tryToClaim(db, again, options)) {
      expect(result).toMatchObject({ kind: 'claimed', claim: { fence: 2 } });
    }
    for (const { notificationId } of replies) {
      expect((await findNotification(db, notificationId))?.timeline).toHaveLength(1);
    }
    await sql`update bot_slots set free_at = now()`.execute(db);
  });

  it('waits as others do if deliveries were paused meanwhile, and its attempt did not happen', async () => {
    const { db } = database;
    const reply = { ...(await createReply(db)), token: 'mine' };
    await claim(db, reply);
    await pauseThrottled(db, { retryAfterMs: 60_000, reason: 'too_many_requests', detail: 'test' });
    const [paused] = await tryToClaim(db, [{ ...reply, isRepeated: true }]);
    expect(paused).toMatchObject({ kind: 'closed', pause: 'throttled' });
    await sql`delete from delivery_pauses`.execute(db);
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'pending',
      timeline: [],
    });
  });
});

describe('a claim whose batch met a held row', () => {
  const claimer = (db: Db) =>
    createBatcher((requests: ClaimRequest[]) =>
      claimNotifications(db, requests, { ...claimOptions, folding: true }),
    );
  const requestOf = (reply: { notificationId: number; epoch: number }): ClaimRequest => ({
    ...reply,
    run: 0,
    token: randomUUID(),
  });

  it('is found again by each of its callers, as only folding failed', async ({ onTestFinished }) => {
    const db = openDatabase({ url: database.url, applicationName: 'test', lockTimeoutMs: 200 });
    onTestFinished(() => db.destroy());
    const first = await createReply(db);
    await replyTo(db, first.ticketId);
    await settle(db, retry(await claim(db, first, { folding: true }), 0));
    const [speaker, other] = [requestOf(await replyTo(db, first.ticketId)), requestOf(await createReply(db))];
    const claims = claimer(db);
    await sql`
      create function refuse() returns trigger language plpgsql as $$ begin raise lock_not_available; end $$`.execute(
      db,
    );
    await sql`
      create trigger refuse before update on notifications
      for each row when (new.status = 'folded') execute function refuse()`.execute(db);
    const [held, free] = await Promise.allSettled([claims(speaker), claims(other)]);
    expect(held).toMatchObject({ status: 'rejected', reason: { code: '55P03' } });
    expect(free).toMatchObject({ value: { kind: 'claimed' } });
    await sql`drop function refuse cascade`.execute(db);
    expect(await claims(speaker)).toMatchObject({ kind: 'claimed', claim: { replies: 3 } });
  });

  it('waits for nobody when it is given back', async ({ onTestFinished }) => {
    const db = openDatabase({ url: database.url, applicationName: 'test', lockTimeoutMs: 200 });
    onTestFinished(() => db.destroy());
    const [lost, other] = [requestOf(await createReply(db)), requestOf(await createReply(db))];
    const claims = claimer(db);
    await claims(lost);
    await database.db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${lost.notificationId} for update`.execute(trx);
      const both = await Promise.all([claims({ ...lost, isRepeated: true }), claims(other)]);
      expect(both).toMatchObject([{ kind: 'stale' }, { kind: 'claimed' }]);
    });
  });
});

describe('settleNotifications', () => {
  it.each([77, null])('records the outcome of attempt and notification, message id %s', async (messageId) => {
    const { db } = database;
    const reply = await createReply(db);
    const settlement = { ...sent(await claim(db, reply)), telegramMessageId: messageId };
    expect(await settle(db, settlement)).toEqual(['settled']);
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'sent',
      reason: null,
      telegramMessageId: messageId,
      sentAt: expect.any(Date),
      timeline: [{ outcome: 'sent', endedAt: expect.any(Date) }],
    });
  });

  it('counts what uses up an attempt only, and unknown outcomes by themselves', async () => {
    const { db } = database;
    const reply = await createReply(db);
    await settle(db, retry(await claim(db, reply), 0));
    const second = await claim(db, reply);
    expect(second.retries).toBe(1);
    await settle(db, { ...retry(second, 0), outcome: 'throttled', counts: false });
    const third = await claim(db, reply);
    expect(third).toMatchObject({ retries: 1, unknowns: 0 });
    await settle(db, { ...retry(third, 0), outcome: 'unknown', counts: false });
    expect(await claim(db, reply)).toMatchObject({ retries: 1, unknowns: 1 });
  });

  it('notes a time of sending only for what was sent', async () => {
    const { db } = database;
    const reply = await createReply(db);
    await settle(db, retry(await claim(db, reply), 0));
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'pending',
      sentAt: null,
    });
  });

  it('waits for no row that somebody else holds, and writes it when it is free', async () => {
    const { db } = database;
    const [held, other] = [await createReply(db), await createReply(db)];
    const [ofHeld, ofOther] = [await claim(db, held), await claim(db, other)];
    const settleTogether = createSettler(db, 0);
    const caught = (error: unknown) => ({ isConflict: isConflict(error) });
    await db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${held.notificationId} for update`.execute(trx);
      const both = [settleTogether(sent(ofHeld)).catch(caught), settleTogether(sent(ofOther))];
      expect(await Promise.all(both)).toEqual([{ isConflict: true }, true]);
    });
    const again = [settleTogether(sent(ofHeld)), settleTogether(sent(ofOther))];
    expect(await Promise.all(again)).toEqual([true, false]);
  });

  it('overwrites nothing when somebody has claimed since', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const slow = await claim(db, reply, { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 500 });
    const quick = await claim(db, { ...reply, epoch: reply.epoch + 1 });
    expect(await settle(db, retry(slow, 0))).toEqual(['stale']);
    expect(await settle(db, sent(quick))).toEqual(['settled']);
    const { timeline, status } = (await findNotification(db, reply.notificationId)) ?? {};
    expect(status).toBe('sent');
    expect(timeline?.map((attempt) => attempt.outcome)).toEqual(['unknown', 'sent']);
  });

  it('counts once when it is repeated because its answer was lost', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const claimed = await claim(db, reply);
    expect(await settle(db, retry(claimed, 0))).toEqual(['settled']);
    expect(await settle(db, retry(claimed, 0))).toEqual(['stale']);
    expect(await claim(db, reply)).toMatchObject({ retries: 1 });
  });

  it('takes the count of an unknown attempt back when its answer comes late after all', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const slow = await claim(db, reply, { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 500 });
    expect(await settle(db, retry(slow, 0))).toEqual(['settled']);
    expect(await claim(db, { ...reply, epoch: reply.epoch + 1 })).toMatchObject({ unknowns: 0, retries: 1 });
  });

  it('takes back no count that an operator has begun anew since', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const slow = await claim(db, reply, { leaseMs: 0 });
    const [{ epoch = 0 } = {}] = await takeBackClaims(db, { policy: 'hold', limit: 500 });
    await retryNotification(db, reply.notificationId);
    expect(await settle(db, retry(slow, 0))).toEqual(['settled']);
    expect(await claim(db, { ...reply, epoch: epoch + 1 })).toMatchObject({ unknowns: 0 });
  });

  it.each(['resend', 'hold'] as const)(
    'still counts when it comes late and nobody has claimed since, with the policy %s',
    async (policy) => {
      const { db } = database;
      const reply = await createReply(db);
      const slow = await claim(db, reply, { leaseMs: 0 });
      await takeBackClaims(db, { policy, limit: 500 });
      expect(await settle(db, sent(slow))).toEqual(['settled']);
      expect(await findNotification(db, reply.notificationId)).toMatchObject({
        status: 'sent',
        timeline: [{ outcome: 'sent' }],
      });
    },
  );
});

describe('a claim that somebody else has taken over', () => {
  it('frees neither the slot nor the chat of the new one', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const options = { chatIntervalMs: 1_000 };
    const slow = await claim(db, reply, { ...options, leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 500 });
    await claim(db, { ...reply, epoch: reply.epoch + 1 }, options);
    await release(db, slow);
    await settleNotifications(db, [retry(slow, 0)], 1_000);
    const [next] = await tryToClaim(db, [await replyTo(db, reply.ticketId)], options);
    expect(next).toEqual({ kind: 'not_due', inMs: 1_000 });
  });
});

describe('releaseClaim', () => {
  it('leaves no attempt behind, because none was made, but those that were made before', async () => {
    const { db } = database;
    const reply = await createReply(db);
    await release(db, await claim(db, reply));
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'pending',
      timeline: [],
    });
    await settle(db, retry(await claim(db, reply), 0));
    await release(db, await claim(db, reply));
    const { timeline } = (await findNotification(db, reply.notificationId)) ?? {};
    expect(timeline?.map(({ outcome }) => outcome)).toEqual(['retry']);
  });

  it('leaves to the operator what has become unknown with the end of the lease', async () => {
    const { db } = database;
    const slow = await claim(db, await createReply(db), { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'hold', limit: 500 });
    await release(db, slow);
    expect(await findNotification(db, slow.notificationId)).toMatchObject({
      status: 'unknown',
      timeline: [{ outcome: 'unknown' }],
    });
  });
});
