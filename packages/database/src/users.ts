import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

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
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

/** Creates a user. A `telegramId` that another user has moves to the new one. */
export async function insertUser(
  db: Kysely<Database>,
  user: { username: string; telegramId: number | null; locale: string },
): Promise<User> {
  return db.transaction().execute(async (trx) => {
    await takeTelegramId(trx, user.telegramId);
    return trx
      .insertInto('users')
      .values({ username: user.username, telegram_id: user.telegramId, locale: user.locale })
      .returning(columns)
      .executeTakeFirstOrThrow();
  });
}

export async function findUser(db: Kysely<Database>, id: number): Promise<User | undefined> {
  return db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst();
}

/**
 * Sets or removes a user's Telegram id. An id that another user has moves to this one. Setting it frees the user's
 * parked notifications (a trigger, so that a hand-made UPDATE does the same).
 */
export async function updateTelegramId(
  db: Kysely<Database>,
  id: number,
  telegramId: number | null,
): Promise<User | undefined> {
  return db.transaction().execute(async (trx) => {
    // Both users' rows, always in the same order: two that swap their ids at the same time don't wait for each other.
    const users = await sql<{ id: number }>`
      select id from users where id = ${id} or telegram_id = ${telegramId} order by id for update`.execute(
      trx,
    );
    if (!users.rows.some((user) => user.id === id)) return undefined;
    await takeTelegramId(trx, telegramId, id);
    await trx
      .updateTable('users')
      .set({ telegram_id: telegramId, updated_at: sql<Date>`now()` })
      .where('id', '=', id)
      .execute();
    // Read anew: what the update returns has not seen yet what its trigger frees.
    return findUser(trx, id);
  });
}

/** Removes a Telegram id from whoever else has it; a lock on the id lets racing links come one after the other. */
async function takeTelegramId(
  trx: Transaction<Database>,
  telegramId: number | null,
  newOwner: number | null = null,
): Promise<void> {
  if (telegramId === null) return;
  await sql`select pg_advisory_xact_lock(hashtextextended('telegram_id', ${telegramId}))`.execute(trx);
  await sql`
    update users set telegram_id = null, updated_at = now()
    where telegram_id = ${telegramId} and id is distinct from ${newOwner}`.execute(trx);
}
