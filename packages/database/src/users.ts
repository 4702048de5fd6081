import { sql } from 'kysely';
import { type Author, BY_TELEGRAM } from './audit.ts';
import type { NoUser } from './hold-user.ts';
import type { PageRequest } from './page-request.ts';
import type { Db } from './schema.ts';
import { findUserIds, usernameHolds } from './search.ts';
import { giveTelegramId } from './telegram-id.ts';
import { inTransaction } from './transaction.ts';

export type User = {
  id: number;
  username: string;
  telegramId: number | null;
  locale: string;
  /** Since when the user wants no messages; null: they do. */
  mutedAt: Date | null;
  /** Why Telegram can't reach the user, as a stable code; null as far as is known it can. */
  unreachableReason: string | null;
  /** Why notifications of theirs are parked now; null if none is. */
  parkedReason: string | null;
  /** Since when nothing is known of the person any more. */
  erasedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

const columns = [
  'id',
  'username',
  'telegram_id as telegramId',
  'locale',
  'muted_at as mutedAt',
  'unreachable_reason as unreachableReason',
  sql<string | null>`(
    select reason from notifications
    where user_id = users.id and status = 'parked' order by updated_at desc limit 1
  )`.as('parkedReason'),
  'erased_at as erasedAt',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/** Creates a user. A `telegramId` that another user has moves to the new one, `by` whom their audit trail says. */
export async function insertUser(
  db: Db,
  { username, telegramId, locale }: { username: string; telegramId: number | null; locale: string },
  by?: Author,
): Promise<User> {
  return inTransaction(db, async (trx) => {
    const { id } = await trx
      .insertInto('users')
      .values({ username, telegram_id: null, locale })
      .returning('id')
      .executeTakeFirstOrThrow();
    if (telegramId !== null) await giveTelegramId(trx, { userId: id, telegramId, by });
    return trx.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirstOrThrow();
  });
}

export async function findUser(db: Db, id: number): Promise<User | undefined> {
  return db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst();
}

/**
 * A page of users, the newest first.
 *
 * @param page.q a part of the name, in any case; one or two characters: the beginning of a word.
 * @param page.beforeId only users older than this one.
 */
export async function listUsers(
  db: Db,
  page: PageRequest & { q?: string; telegramId?: number },
): Promise<User[]> {
  const { limit, beforeId, q, telegramId } = page;
  let query = db.selectFrom('users').select(columns).orderBy('id', 'desc').limit(limit);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  if (telegramId !== undefined) query = query.where('telegram_id', '=', telegramId);
  if (q !== undefined) {
    const ids = await findUserIds(db, q);
    query = query.where((eb) => (ids ? eb('id', '=', eb.fn.any(eb.val(ids))) : usernameHolds(q)));
  }
  return query.execute();
}

export type UpdatedUser = { kind: 'updated'; user: User } | NoUser;

/**
 * Changes what is given and leaves the rest; a Telegram id as `giveTelegramId` does.
 *
 * @throws an error that `isRefusedAsErased` knows, if an erased user is to be linked.
 */
export async function updateUser(
  db: Db,
  id: number,
  changes: { username?: string; locale?: string; telegramId?: number | null },
  by?: Author,
): Promise<UpdatedUser> {
  const { telegramId, ...named } = changes;
  return inTransaction(db, async (trx) => {
    // First, as it locks in its own order.
    if (telegramId !== undefined) await giveTelegramId(trx, { userId: id, telegramId, by });
    if (Object.keys(named).length > 0) {
      await trx
        .updateTable('users')
        .set({ ...named, updated_at: sql<Date>`now()` })
        .where('id', '=', id)
        .where('erased_at', 'is', null)
        .execute();
    }
    const user = await findUser(trx, id);
    if (!user) return { kind: 'user_not_found' };
    return user.erasedAt === null ? { kind: 'updated', user } : { kind: 'user_erased' };
  });
}

export async function findUserByTelegramId(db: Db, telegramId: number): Promise<User | undefined> {
  return db.selectFrom('users').select(columns).where('telegram_id', '=', telegramId).executeTakeFirst();
}

/**
 * Telegram has given a user's chat another id: theirs becomes that one. Not if they were linked to another chat meanwhile,
 * unlinked or erased: what was said of the old chat no longer concerns them.
 */
export async function followMigratedChat(
  db: Db,
  chat: { userId: number; telegramId: number; migratedTo: number },
): Promise<void> {
  const { userId, telegramId, migratedTo } = chat;
  await inTransaction(db, (trx) =>
    giveTelegramId(trx, { userId, telegramId: migratedTo, replacing: telegramId, by: BY_TELEGRAM }),
  );
}
