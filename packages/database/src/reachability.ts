import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Notes that Telegram can't reach a user, until their Telegram id is set (again) or `markReachable` is called. Waiting
 * notifications are left alone: the next attempt parks them.
 *
 * @param of whose account: ours or Telegram's id of it.
 * @param of.reason a stable code, as the outcomes of attempts have it: `bot_blocked`.
 * @returns whether there is such a user.
 */
export async function markUnreachable(
  db: Kysely<Database>,
  of: ({ userId: number } | { telegramId: number }) & { reason: string },
): Promise<boolean> {
  const update = db.updateTable('users').set({ unreachable_reason: of.reason, updated_at: sql<Date>`now()` });
  const { numUpdatedRows } = await ('userId' in of
    ? update.where('id', '=', of.userId)
    : update.where('telegram_id', '=', of.telegramId)
  ).executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Notes that a linked user can be reached again: their parked notifications are due, and the relay is woken. A trigger
 * does it whenever a Telegram id is set, also to what it was.
 */
export async function markReachable(db: Kysely<Database>, userId: number): Promise<void> {
  await sql`
    update users set telegram_id = telegram_id, updated_at = now()
    where id = ${userId} and telegram_id is not null`.execute(db);
}
