import { setTimeout as sleep } from 'node:timers/promises';
import { countWaiting } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it, vi } from 'vitest';
import {
  eraseUser,
  expireNotifications,
  findNotification,
  findUser,
  followMigratedChat,
  insertUser,
  markReachable,
  markUnreachable,
  parkUnlinked,
  settleUnreachable,
  takeBackClaims,
  updateUser,
} from '../src/index.ts';
import { RowHeldError } from '../src/row-held.ts';
import {
  claim,
  createReply,
  freshTelegramId,
  reading,
  replyTo,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();

const refusal = { reason: 'bot_blocked', detail: 'Forbidden: bot was blocked by the user' };

describe('a notification whose user has no telegram_id', () => {
  it('is parked, and freed by a hand-made UPDATE', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    expect(await parkUnlinked(db, reply)).toBe('parked');
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'parked',
      reason: 'no_telegram_id',
    });
    await sql`UPDATE users SET telegram_id = ${freshTelegramId()} WHERE id = ${reply.userId}`.execute(db);
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'pending',
      reason: null,
    });
    expect(await claim(db, { ...reply, epoch: reply.epoch + 1 })).toMatchObject({ fence: 1 });
  });

  it('has fresh counts afterwards if an operator had retried it in the queue', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await sql`
      update notifications set status = 'failed', reason = 'attempts_used_up', retries = 8, unknowns = 2
      where id = ${reply.notificationId}`.execute(db);
    expect(await parkUnlinked(db, reply)).toBe('parked');
    await updateUser(db, reply.userId, { telegramId: freshTelegramId() });
    expect(await claim(db, { ...reply, epoch: reply.epoch + 1 })).toMatchObject({ retries: 0, unknowns: 0 });
  });

  it('is sent when its user is linked, also if it was parked for longer than the time to live', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await parkUnlinked(db, reply);
    await sql`
      update notifications set pending_since = now() - interval '100 days' where id = ${reply.notificationId}`.execute(
      db,
    );
    await updateUser(db, reply.userId, { telegramId: freshTelegramId() });
    expect(await expireNotifications(db, { ttlHours: 72, parkedTtlDays: 90, limit: 500 })).toBe(0);
    await claim(db, { ...reply, epoch: reply.epoch + 1 });
  });

  it('is not parked if the user was linked meanwhile', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await updateUser(db, reply.userId, { telegramId: freshTelegramId() });
    expect(await parkUnlinked(db, reply)).toBe('pending');
  });

  it('is not parked by a job of an earlier epoch', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    expect(await parkUnlinked(db, { ...reply, epoch: reply.epoch - 1 })).toBe('stale');
    expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
  });

  it('is not parked while somebody holds the user, and nobody waits', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await db.transaction().execute(async (trx) => {
      await sql`select from users where id = ${reply.userId} for update`.execute(trx);
      expect(await parkUnlinked(db, reply)).toBe('held');
    });
    expect(await parkUnlinked(db, reply)).toBe('parked');
  });

  it('is never stranded when linking and parking race', async () => {
    const { db } = database;
    for (let round = 0; round < 30; round += 1) {
      const reply = await createReply(db, { telegramId: null });
      await Promise.all([
        parkUnlinked(db, reply),
        updateUser(db, reply.userId, { telegramId: freshTelegramId() }),
      ]);
      expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
    }
  });
});

describe('a ticket that moves to another user by hand', () => {
  it('takes what waits along, and what was parked for the one before', async () => {
    const { db } = database;
    const heirId = freshTelegramId();
    const heir = await insertUser(db, { username: 'heir', telegramId: heirId, locale: 'ru' });
    const reply = await createReply(db, { telegramId: null });
    await parkUnlinked(db, reply);
    const second = await replyTo(db, reply.ticketId);
    await sql`update support_tickets set user_id = ${heir.id} where id = ${reply.ticketId}`.execute(db);
    for (const key of [{ ...reply, epoch: reply.epoch + 1 }, second]) {
      expect(await claim(db, key)).toMatchObject({ userId: heir.id, telegramId: heirId });
    }
  });

  it('leaves nothing parked for whoever has it now, if they can be reached', async () => {
    const { db } = database;
    const moveTo = async (reply: { ticketId: number }) => {
      const heir = await insertUser(db, { username: 'heir', telegramId: freshTelegramId(), locale: 'ru' });
      await sql`update support_tickets set user_id = ${heir.id} where id = ${reply.ticketId}`.execute(db);
    };
    const unlinked = await createReply(db, { telegramId: null });
    await moveTo(unlinked);
    expect(await parkUnlinked(db, unlinked)).toBe('stale');
    const blocked = await createReply(db);
    const claimed = await claim(db, blocked);
    await moveTo(blocked);
    expect(await settleUnreachable(db, { ...reading(), claim: claimed, ...refusal })).toBe('pending');
  });

  it('leaves notifications of another system’s ticket with its number where they are', async () => {
    const { db } = database;
    const heir = await insertUser(db, { username: 'heir', telegramId: freshTelegramId(), locale: 'ru' });
    const reply = await createReply(db);
    await sql`
      insert into notifications (ticket_id, user_id, subject)
      values (${reply.ticketId}, ${reply.userId}, 'Elsewhere')`.execute(db);
    await sql`update support_tickets set user_id = ${heir.id} where id = ${reply.ticketId}`.execute(db);
    const { rows } = await sql<{ user_id: number }>`
      select user_id from notifications where ticket_id = ${reply.ticketId} order by id`.execute(db);
    expect(rows).toEqual([{ user_id: heir.id }, { user_id: reply.userId }]);
  });
});

describe('a notification that Telegram refused because the user is away', () => {
  it('is parked with the reason', async () => {
    const { db } = database;
    const reply = await createReply(db);
    expect(await settleUnreachable(db, { ...reading(), claim: await claim(db, reply), ...refusal })).toBe(
      'parked',
    );
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'parked',
      reason: 'bot_blocked',
      timeline: [{ outcome: 'unreachable', detail: refusal.detail }],
    });
  });

  it("waits for nobody who holds the user's row: it is due again later, and the bot's slot stays taken for a second", async () => {
    const { db } = database;
    const reply = await createReply(db);
    const claimed = await claim(db, reply);
    const { rows } = await sql<{ answeredAt: Date }>`select clock_timestamp() as "answeredAt"`.execute(db);
    const answer = reading();
    await db.transaction().execute(async (trx) => {
      await sql`select from users where id = ${reply.userId} for update`.execute(trx);
      expect(await settleUnreachable(db, { ...answer, claim: claimed, ...refusal })).toBe('held');
    });
    const { rows: due } = await sql<{ dueInS: number }>`
      select extract(epoch from due_at - now())::integer as "dueInS" from notifications
      where id = ${reply.notificationId}`.execute(db);
    expect(due[0]?.dueInS).toBeGreaterThan(2);
    const slot = await db
      .selectFrom('bot_slots')
      .select('free_at')
      .where('id', '=', claimed.slot.id)
      .executeTakeFirstOrThrow();
    expect(Number(slot.free_at) - Number(rows[0]?.answeredAt)).toBeGreaterThanOrEqual(1_000);
  });

  it('keeps its chat from nothing: no message has come to it', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const options = { chatIntervalMs: 60_000 };
    const claimed = await claim(db, reply, options);
    await settleUnreachable(db, { ...reading(), claim: claimed, ...refusal });
    await claim(db, await replyTo(db, reply.ticketId), options);
  });

  it('keeps the user until it is parked: who comes back at this moment frees it', async () => {
    const { db } = database;
    const reply = await createReply(db);
    await markUnreachable(db, { userId: reply.userId, reason: refusal.reason });
    const claimed = await claim(db, reply);
    await db.transaction().execute(async (trx) => {
      expect(await settleUnreachable(trx, { ...reading(), claim: claimed, ...refusal })).toBe('parked');
      await expect(markReachable(db, reply.userId)).rejects.toThrow(RowHeldError);
    });
    await markReachable(db, reply.userId);
    expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
  });

  it.each(['resend', 'hold'] as const)(
    'is parked also if the answer comes late, with the policy %s',
    async (policy) => {
      const { db } = database;
      const slow = await claim(db, await createReply(db), { leaseMs: 0 });
      await takeBackClaims(db, { policy, limit: 500 });
      expect(await settleUnreachable(db, { ...reading(), claim: slow, ...refusal })).toBe('parked');
      expect((await findNotification(db, slow.notificationId))?.timeline).toMatchObject([
        { outcome: 'unreachable' },
      ]);
      const { rows } = await sql`
        select unknowns from notifications where id = ${slow.notificationId}`.execute(db);
      expect(rows).toEqual([{ unknowns: 0 }]);
    },
  );

  it('stays as it is if somebody else has claimed it before the answer came', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const slow = await claim(db, reply, { leaseMs: 0 });
    await takeBackClaims(db, { policy: 'resend', limit: 500 });
    await claim(db, { ...reply, epoch: reply.epoch + 1 });
    expect(await settleUnreachable(db, { ...reading(), claim: slow, ...refusal })).toBe('stale');
    expect(await findNotification(db, reply.notificationId)).toMatchObject({
      status: 'sending',
      timeline: [{ outcome: 'unknown' }, { outcome: null }],
    });
  });

  it('is freed when the same telegram_id is set again', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const reply = await createReply(db, { telegramId });
    await settleUnreachable(db, { ...reading(), claim: await claim(db, reply), ...refusal });
    await updateUser(db, reply.userId, { telegramId });
    expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
  });

  it('is due again if the user was linked while the request was under way', async () => {
    const { db } = database;
    const reply = await createReply(db);
    const claimed = await claim(db, reply);
    await updateUser(db, reply.userId, { telegramId: freshTelegramId() });
    expect(await settleUnreachable(db, { ...reading(), claim: claimed, ...refusal })).toBe('pending');
  });
});

describe('updateUser', () => {
  it('moves the id from whoever else had it', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const [before, after] = [await createReply(db, { telegramId }), await createReply(db)];
    expect(await updateUser(db, after.userId, { telegramId })).toMatchObject({
      kind: 'updated',
      user: { telegramId },
    });
    const { rows } = await sql<{
      id: number;
    }>`select id from users where telegram_id = ${telegramId}`.execute(db);
    expect(rows).toEqual([{ id: after.userId }]);
    expect(before.userId).not.toBe(after.userId);
  });

  it('changes nothing for a user that does not exist', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const { userId } = await createReply(db, { telegramId });
    expect(await updateUser(db, 999_999, { telegramId })).toEqual({ kind: 'user_not_found' });
    const { rows } = await sql`select id from users where telegram_id = ${telegramId}`.execute(db);
    expect(rows).toEqual([{ id: userId }]);
  });

  it('lets two users swap their ids at the same time', async () => {
    const { db } = database;
    const ids = [freshTelegramId(), freshTelegramId()] as const;
    const one = await createReply(db, { telegramId: ids[0] });
    const other = await createReply(db, { telegramId: ids[1] });
    // In a transaction of the caller's nothing is repeated: a deadlock would be an error.
    const link = (userId: number, telegramId: number) =>
      db.transaction().execute((trx) => updateUser(trx, userId, { telegramId }));
    const linked = async () =>
      (await Promise.all([findUser(db, one.userId), findUser(db, other.userId)])).map(
        (user) => user?.telegramId,
      );
    for (let round = 0; round < 20; round += 1) {
      const [mine, theirs] = round % 2 === 0 ? [ids[1], ids[0]] : ids;
      await Promise.all([link(one.userId, mine), link(other.userId, theirs)]);
      expect(await linked()).toEqual([mine, theirs]);
    }
  });

  it('lets many users claim one id at once without an error', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const users = await Promise.all(Array.from({ length: 8 }, () => createReply(db)));
    await Promise.all(users.map((user) => updateUser(db, user.userId, { telegramId })));
    const { rows } = await sql`select id from users where telegram_id = ${telegramId}`.execute(db);
    expect(rows).toHaveLength(1);
  });
});

describe('a chat that Telegram gave another id', () => {
  /** A claim, and what is known of the user's chat after Telegram's answer to its send told the new id. */
  const migrate = async (meanwhile: (userId: number) => Promise<unknown>) => {
    const { db } = database;
    const claimed = await claim(db, await createReply(db));
    await meanwhile(claimed.userId);
    const migratedTo = -freshTelegramId();
    await followMigratedChat(db, { ...claimed, migratedTo });
    return { migratedTo, user: await findUser(db, claimed.userId) };
  };

  it('is its user’s under that one', async () => {
    const { migratedTo, user } = await migrate(async () => {});
    expect(user?.telegramId).toBe(migratedTo);
  });

  it('stays away from a user whose id was corrected meanwhile', async () => {
    const corrected = freshTelegramId();
    const { user } = await migrate((userId) => updateUser(database.db, userId, { telegramId: corrected }));
    expect(user?.telegramId).toBe(corrected);
  });

  it('stays away from a user who was erased meanwhile', async () => {
    const { user } = await migrate((userId) =>
      database.db.transaction().execute((trx) => eraseUser(trx, userId)),
    );
    expect(user).toMatchObject({ telegramId: null, erasedAt: expect.any(Date) });
  });
});

it('erasing a user that has to wait for one of their notifications holds up no claims', async () => {
  const { db } = database;
  const [erased, other] = [await createReply(db), await createReply(db)];
  const later = await replyTo(db, erased.ticketId);
  await sql`
    insert into chat_slots (chat_id, free_at, notification_id, claim)
    select telegram_id, now(), 0, 0 from users where id = ${erased.userId}`.execute(db);
  let erasing: Promise<unknown> = Promise.resolve();
  await db.transaction().execute(async (trx) => {
    await sql`select from notifications where id = ${erased.notificationId} for update`.execute(trx);
    erasing = db.transaction().execute((its) => eraseUser(its, erased.userId));
    await vi.waitFor(async () => expect(await countWaiting(db)).toBe(1));
    const claims = tryToClaim(db, [later, other], { chatIntervalMs: 1_000 });
    const first = await Promise.race([claims, sleep(500, 'held up')]);
    expect(first).toMatchObject([{ kind: 'claimed' }, { kind: 'claimed' }]);
  });
  await erasing;
  expect(await findUser(db, erased.userId)).toMatchObject({ telegramId: null });
});
