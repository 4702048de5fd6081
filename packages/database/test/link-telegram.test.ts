import { countWaiting } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  createLinkToken,
  findNotification,
  findUser,
  insertUser,
  type LinkResult,
  linkByToken,
  listAuditEntries,
  makeOnce,
  parkUnlinked,
  removeOld,
  settleUnreachable,
} from '../src/index.ts';
import { claim, createReply, freshTelegramId, reading, useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

async function makeToken(userId: number, ttlHours = 1): Promise<string> {
  const made = await createLinkToken(database.db, userId, ttlHours);
  if (made.kind !== 'made') throw new Error(`There is no user ${userId}`);
  return made.token;
}

const link = (token: string, telegramId: number): Promise<LinkResult> =>
  database.db.transaction().execute((trx) => linkByToken(trx, { token, telegramId }));

/** A user as the Mini App creates them, with a reply that waits. */
async function createVisitor(telegramId: number) {
  const reply = await createReply(database.db, { telegramId });
  await sql`update users set provisional = true where id = ${reply.userId}`.execute(database.db);
  return reply;
}

const ownerOf = async (table: 'support_tickets' | 'notifications', id: number) =>
  (await database.db.selectFrom(table).select('user_id').where('id', '=', id).executeTakeFirst())?.user_id;

const trailOf = (userId: number) => listAuditEntries(database.db, { subject: `user:${userId}`, limit: 9 });

describe('a link token', () => {
  it('fits into a start parameter, and is not stored as it is', async () => {
    const { userId } = await createReply(database.db);
    const token = await makeToken(userId);
    expect(token).toMatch(/^[A-Za-z0-9_-]{32,64}$/);
    const { rows } = await sql<{ row: string }>`select t::text as row from link_tokens t`.execute(
      database.db,
    );
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('is made for users that exist, and not for erased ones', async () => {
    const { db } = database;
    expect(await createLinkToken(db, 999_999, 1)).toEqual({ kind: 'user_not_found' });
    const { userId } = await createReply(db);
    await sql`update users set erased_at = now(), telegram_id = null where id = ${userId}`.execute(db);
    expect(await createLinkToken(db, userId, 1)).toEqual({ kind: 'user_erased' });
  });

  it('links its user and frees what is parked', async () => {
    const { db } = database;
    const reply = await createReply(db, { telegramId: null });
    await parkUnlinked(db, reply);
    const telegramId = freshTelegramId();
    const linked = await link(await makeToken(reply.userId), telegramId);
    expect(linked).toEqual({ kind: 'linked', userId: reply.userId });
    expect(await findUser(db, reply.userId)).toMatchObject({ telegramId });
    expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
  });

  it('works once, and uses up the other links of its user; who is linked by it may come again', async () => {
    const { userId } = await createReply(database.db);
    const [token, other] = [await makeToken(userId), await makeToken(userId)];
    const [telegramId, stranger] = [freshTelegramId(), freshTelegramId()];
    expect(await link(token, telegramId)).toMatchObject({ kind: 'linked' });
    expect(await link(token, stranger)).toEqual({ kind: 'used' });
    expect(await link(other, stranger)).toEqual({ kind: 'used' });
    expect(await link(token, telegramId)).toEqual({ kind: 'linked', userId });
    expect(await findUser(database.db, userId)).toMatchObject({ telegramId });
  });

  it('expires, and is forgotten a month later', async () => {
    const { db } = database;
    const { userId } = await createReply(db);
    const token = await makeToken(userId, 0);
    expect(await link(token, freshTelegramId())).toEqual({ kind: 'expired' });
    await removeOld(db, { retentionDays: 90, limit: 100 });
    expect(await link(token, freshTelegramId())).toEqual({ kind: 'expired' });
    await sql`update link_tokens set expires_at = now() - interval '31 days' where user_id = ${userId}`.execute(
      db,
    );
    await removeOld(db, { retentionDays: 90, limit: 100 });
    expect(await link(token, freshTelegramId())).toEqual({ kind: 'unknown' });
    expect(await link('nobody-made-this', freshTelegramId())).toEqual({ kind: 'unknown' });
  });

  it('links one of many who use it at the same time', async () => {
    const { userId } = await createReply(database.db, { telegramId: null });
    const token = await makeToken(userId);
    const results = await Promise.all(Array.from({ length: 8 }, () => link(token, freshTelegramId())));
    expect(results.map((result) => result.kind).sort()).toEqual(['linked', ...Array(7).fill('used')]);
  });

  it('links one of two who found it unused and then waited for its user', async () => {
    const { db } = database;
    const { userId } = await createReply(db, { telegramId: null });
    const token = await makeToken(userId);
    const { both } = await db.transaction().execute(async (trx) => {
      await sql`select from users where id = ${userId} for update`.execute(trx);
      const both = Promise.all([link(token, freshTelegramId()), link(token, freshTelegramId())]);
      await expect.poll(() => countWaiting(db)).toBe(2);
      return { both };
    });
    expect((await both).map((result) => result.kind).sort()).toEqual(['linked', 'used']);
  });

  it('lets users who take one another’s accounts at the same time come one after the other', async () => {
    const { db } = database;
    for (let round = 0; round < 10; round += 1) {
      const ids = [freshTelegramId(), freshTelegramId(), freshTelegramId()];
      const users = await Promise.all(ids.map((telegramId) => createReply(db, { telegramId })));
      const tokens = await Promise.all(users.map((user) => makeToken(user.userId)));
      const results = await Promise.all(tokens.map((token, i) => link(token, ids[(i + 1) % 3] ?? 0)));
      expect(results.map((result) => result.kind)).toEqual(['linked', 'linked', 'linked']);
    }
  });
});

describe('whoever had the Telegram id before', () => {
  it('just loses it if the account is an ordinary one', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const before = await createReply(db, { telegramId });
    const account = await insertUser(db, { username: 'olga', telegramId: null, locale: 'en' });
    await link(await makeToken(account.id), telegramId);
    expect(await findUser(db, before.userId)).toMatchObject({ telegramId: null });
    expect(await ownerOf('support_tickets', before.ticketId)).toBe(before.userId);
    expect(await trailOf(before.userId)).toMatchObject([
      { actor: 'telegram', action: 'user.unlink', detail: { movedTo: account.id } },
    ]);
  });

  it('is merged into the account if the Mini App created it: tickets and notifications move along', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const visitor = await createVisitor(telegramId);
    const foreign = await db
      .insertInto('notifications')
      .values({ user_id: visitor.userId, ticket_id: 77, subject: 'Of another system' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const refusal = { reason: 'bot_blocked', detail: 'Forbidden' };
    await settleUnreachable(db, { ...reading(), claim: await claim(db, visitor), ...refusal });

    const account = await createReply(db, { telegramId: null });
    const mutedAt = new Date();
    await sql`update users set muted_at = ${mutedAt}, locale = 'en' where id = ${visitor.userId}`.execute(db);
    await link(await makeToken(account.userId), telegramId);
    expect(await findUser(db, visitor.userId)).toBeUndefined();
    expect(await trailOf(visitor.userId)).toMatchObject([
      { actor: 'telegram', action: 'user.merge', detail: { mergedInto: account.userId } },
    ]);
    expect(await findUser(db, account.userId)).toMatchObject({ telegramId, mutedAt, locale: 'en' });
    expect(await ownerOf('support_tickets', visitor.ticketId)).toBe(account.userId);
    expect(await ownerOf('notifications', visitor.notificationId)).toBe(account.userId);
    expect(await ownerOf('notifications', foreign.id)).toBe(account.userId);
    expect((await findNotification(db, visitor.notificationId))?.status).toBe('pending');
  });

  it('is merged without its language, if the account has one of its own', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    await createVisitor(telegramId);
    const account = await createReply(db, { telegramId: null });
    await sql`update users set locale = 'en' where id = ${account.userId}`.execute(db);
    await link(await makeToken(account.userId), telegramId);
    expect(await findUser(db, account.userId)).toMatchObject({ telegramId, locale: 'en' });
  });

  it('is merged with its idempotency keys: what it asked for before is not made again', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const visitor = await createVisitor(telegramId);
    const account = await createReply(db, { telegramId: null });
    const open = (userId: number, key: string) =>
      db.transaction().execute((trx) =>
        makeOnce(trx, { caller: `user:${userId}`, key, request: 'the same' }, async () => {
          return { subject: `user:${userId}`, answer: `${key} of ${userId}`, result: undefined };
        }),
      );
    for (const key of ['theirs', 'both']) await open(visitor.userId, key);
    await open(account.userId, 'both');
    await link(await makeToken(account.userId), telegramId);
    const answers = [await open(account.userId, 'theirs'), await open(account.userId, 'both')];
    expect(answers).toEqual([
      { kind: 'repeated', answer: `theirs of ${visitor.userId}` },
      { kind: 'repeated', answer: `both of ${account.userId}` },
    ]);
  });

  it('is merged while an attempt for it is under way, which is then due again', async () => {
    const { db } = database;
    const telegramId = freshTelegramId();
    const visitor = await createVisitor(telegramId);
    const claimed = await claim(db, visitor);
    const account = await insertUser(db, { username: 'olga', telegramId, locale: 'en' });
    expect(account).toMatchObject({ telegramId });
    const refusal = { reason: 'bot_blocked', detail: 'Forbidden' };
    expect(await settleUnreachable(db, { ...reading(), claim: claimed, ...refusal })).toBe('pending');
  });
});
