import { sql } from 'kysely';
import { RowHeldError } from './row-held.ts';
import type { Db } from './schema.ts';

/**
 * Notes that Telegram can't reach a user, until their Telegram id is set (again) or `markReachable` is called. Waiting
 * notifications are left alone: the next attempt parks them.
 *
 * @param reason a stable code, as the outcomes of attempts have it: `bot_blocked`.
 */
export async function markUnreachable(
  db: Db,
  { userId, reason }: { userId: number; reason: string },
): Promise<void> {
  await db
    .updateTable('users')
    .set({ unreachable_reason: reason, updated_at: sql<Date>`now()` })
    .where('id', '=', userId)
    .execute();
}

/**
 * Notes that a linked user can be reached again: their parked notifications are due, and the relay is woken. A trigger
 * does it whenever a Telegram id is set, also to what it was.
 *
 * @throws RowHeldError if somebody else holds the user's row: nobody waits for it here.
 */
export async function markReachable(db: Db, userId: number): Promise<void> {
  const { rows } = await sql<{ isHeld: boolean }>`
    with free as (
      select id from users where id = ${userId} and telegram_id is not null for no key update skip locked
    ), marked as (
      update users u set telegram_id = u.telegram_id, updated_at = now() from free where u.id = free.id
    )
    select not exists (select from free) as "isHeld" from users
    where id = ${userId} and telegram_id is not null`.execute(db);
  if (rows[0]?.isHeld) throw new RowHeldError('user');
}
