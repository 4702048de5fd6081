import { sql } from 'kysely';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  type Db,
  findNotification,
  findOverdue,
  listen,
  markReachable,
  RELAY_CHANNEL,
  removeOld,
  renewEpochs,
  retryMatching,
  retryNotification,
  takeBackClaims,
  updateUser,
} from '../src/index.ts';
import {
  claim,
  createReply,
  freshTelegramId,
  replyTo,
  retry,
  sent,
  settle,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();

beforeEach(async () => {
  await sql`truncate notifications cascade`.execute(database.db);
});

describe('findOverdue', () => {
  it('finds what is due, page by page, the oldest first', async () => {
    const { db } = database;
    const replies = [];
    for (let count = 0; count < 5; count += 1) replies.push(await createReply(db));
    const waiting = await createReply(db);
    await settle(db, retry(await claim(db, waiting), 60_000));

    const found: number[] = [];
    let after: Awaited<ReturnType<typeof findOverdue>>['next'];
    do {
      const page = await findOverdue(db, { graceMs: 0, limit: 2, after });
      found.push(...page.keys.map((key) => key.notificationId));
      after = page.next;
    } while (after);
    expect(found).toEqual(replies.map((reply) => reply.notificationId));
  });

  it('gives a fresh notification its time of grace', async () => {
    const { db } = database;
    await createReply(db);
    expect((await findOverdue(db, { graceMs: 10_000, limit: 10 })).keys).toEqual([]);
  });
});

describe('renewEpochs', () => {
  it('lets only one of racing relays make the next job', async () => {
    const { db } = database;
    const key = await createReply(db);
    const results = await Promise.all(Array.from({ length: 6 }, () => renewEpochs(db, [key])));
    expect(results.flat()).toEqual([
      { notificationId: key.notificationId, ticketId: key.ticketId, epoch: key.epoch + 1 },
    ]);
  });

  it('leaves alone what has been claimed meanwhile', async () => {
    const { db } = database;
    const key = await createReply(db);
    await claim(db, key);
    expect(await renewEpochs(db, [key])).toEqual([]);
  });
});

describe('takeBackClaims', () => {
  it('makes the attempt unknown and the notification due again, at most twice', async () => {
    const { db } = database;
    const key = await createReply(db);
    for (const [round, status] of (['pending', 'pending', 'unknown'] as const).entries()) {
      await claim(db, { ...key, epoch: key.epoch + round }, { leaseMs: 0 });
      expect(await takeBackClaims(db, { policy: 'resend', limit: 10 })).toMatchObject([
        { notificationId: key.notificationId, status, epoch: key.epoch + round + 1 },
      ]);
    }
    const notification = await findNotification(db, key.notificationId);
    expect(notification?.timeline.map((attempt) => attempt.outcome)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('begins with what ran out first', async () => {
    const { db } = database;
    const [late, early] = [await createReply(db), await createReply(db)];
    await claim(db, late, { leaseMs: -1_000 });
    await claim(db, early, { leaseMs: -60_000 });
    const first = await takeBackClaims(db, { policy: 'resend', limit: 1 });
    expect(first).toMatchObject([{ notificationId: early.notificationId }]);
  });

  it('changes no attempt but the last', async () => {
    const { db } = database;
    const key = await createReply(db);
    await settle(db, retry(await claim(db, key), 0));
    await claim(db, key, { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 10 });
    const notification = await findNotification(db, key.notificationId);
    expect(notification?.timeline.map((attempt) => attempt.outcome)).toEqual(['retry', 'unknown']);
  });

  it('leaves time for an answer that only waited for the row', async () => {
    const { db } = database;
    const key = await createReply(db);
    const claimed = await claim(db, key, { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 10 });
    const overdue = await findOverdue(db, { graceMs: 2_000, limit: 1_000 });
    expect(overdue.keys.map(({ notificationId }) => notificationId)).not.toContain(key.notificationId);
    expect(await settle(db, sent(claimed))).toEqual(['settled']);
  });

  it('leaves the decision to an operator with the policy hold', async () => {
    const { db } = database;
    const key = await createReply(db);
    await claim(db, key, { leaseMs: 0 });
    expect(await takeBackClaims(db, { policy: 'hold', limit: 10 })).toMatchObject([{ status: 'unknown' }]);
  });

  it('does not touch a lease that still runs', async () => {
    const { db } = database;
    await claim(db, await createReply(db));
    expect(await takeBackClaims(db, { policy: 'resend', limit: 10 })).toEqual([]);
  });
});

describe('the relay is woken by', () => {
  const status = (notificationId: number, to: string) =>
    sql`update notifications set status = ${to} where id = ${notificationId}`.execute(database.db);

  it.each<[string, (reply: Awaited<ReturnType<typeof createReply>>) => Promise<unknown>]>([
    [
      'a telegram_id that is set',
      async ({ userId, notificationId }) => {
        await status(notificationId, 'parked');
        await updateUser(database.db, userId, { telegramId: freshTelegramId() });
      },
    ],
    [
      'a user who can be reached again',
      async ({ userId, notificationId }) => {
        await status(notificationId, 'parked');
        await markReachable(database.db, userId);
      },
    ],
    [
      'a ticket that moves',
      async ({ ticketId, notificationId }) => {
        await status(notificationId, 'parked');
        const { userId } = await createReply(database.db);
        await sql`update support_tickets set user_id = ${userId} where id = ${ticketId}`.execute(database.db);
      },
    ],
    [
      'an operator who retries one',
      async ({ notificationId }) => {
        await status(notificationId, 'failed');
        await retryNotification(database.db, notificationId);
      },
    ],
    [
      'an operator who retries many',
      async ({ notificationId }) => {
        await status(notificationId, 'failed');
        await retryMatching(database.db, { status: 'failed' }, 10);
      },
    ],
  ])('%s, and finds it overdue', async (_what, change) => {
    const { db } = database;
    const said: string[] = [];
    await new Promise<void>((listening) => {
      const hear = (what?: string) => (what === undefined ? listening() : said.push(what));
      onTestFinished(listen(database.url, { [RELAY_CHANNEL]: hear }, () => {}));
    });
    const reply = await createReply(db);
    await change(reply);
    await expect.poll(() => said).toHaveLength(1);
    const overdue = await findOverdue(db, { graceMs: 2_000, limit: 10 });
    expect(overdue.keys).toMatchObject([{ notificationId: reply.notificationId, epoch: reply.epoch + 1 }]);
  });
});

describe('waits for no row that somebody holds:', () => {
  type Row = Awaited<ReturnType<typeof createReply>>;
  const setAll = (change: string) => sql.raw(`update notifications set ${change}`).execute(database.db);

  /** Each prepares two rows of a ticket, and then tells how many it can take. */
  it.each<[string, (rows: [Row, Row]) => Promise<(db: Db) => Promise<number>>]>([
    [
      'recovery of leases',
      async (rows) => {
        for (const row of rows) await claim(database.db, row, { leaseMs: 0 });
        return async (db) => (await takeBackClaims(db, { policy: 'resend', limit: 10 })).length;
      },
    ],
    ['relay', async (rows) => async (db) => (await renewEpochs(db, rows)).length],
    [
      'retention',
      async () => {
        await setAll("status = 'sent', updated_at = now() - interval '91 days'");
        return (db) => removeOld(db, { retentionDays: 90, limit: 10 });
      },
    ],
    [
      'redrive',
      async () => {
        await setAll("status = 'failed'");
        return (db) => retryMatching(db, { status: 'failed' }, 10);
      },
    ],
    [
      'folding',
      async ([{ ticketId }]) => {
        const speaker = await replyTo(database.db, ticketId);
        return async (db) => (await claim(db, speaker, { folding: true })).replies - 1;
      },
    ],
  ])('%s', async (_what, prepare) => {
    const { db } = database;
    const held = await createReply(db);
    const free = { ...held, ...(await replyTo(db, held.ticketId)) };
    const take = await prepare([held, free]);
    await db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${held.notificationId} for update`.execute(trx);
      const taken = db.transaction().execute(async (other) => {
        await sql`set local lock_timeout = '3s'`.execute(other);
        return take(other);
      });
      expect(await taken).toBe(1);
    });
  });
});
