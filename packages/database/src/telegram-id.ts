import { sql, type Transaction } from 'kysely';
import { type Author, recordAudit } from './audit.ts';
import { idsOfUser } from './notifications.ts';
import { type Database, DEFAULT_LOCALE } from './schema.ts';

/**
 * Gives a Telegram id to a user, or removes the one they have (null). Whoever had the id loses it; a provisional user is
 * merged into this one instead. Frees the user's parked notifications (a trigger, so that a hand-made UPDATE does the
 * same). Changes nothing if there is no such user.
 *
 * @param to.replacing only if this is still the id that the user has.
 * @param to.by for the audit trail of whoever loses the id; without it they have no entry.
 */
export async function giveTelegramId(
  trx: Transaction<Database>,
  to: { userId: number; telegramId: number | null; replacing?: number; by?: Author | undefined },
): Promise<void> {
  const { userId, telegramId, replacing, by } = to;
  const users = await lockUsers(trx, userId, telegramId);
  const user = users.find(({ id }) => id === userId);
  if (!user || (replacing !== undefined && user.telegramId !== replacing)) return;
  const holder = users.find(({ id }) => id !== userId);
  if (holder?.provisional) {
    await mergeUser(trx, { from: holder.id, into: userId });
  } else if (holder) {
    await setTelegramId(trx, holder.id, null);
  }
  if (holder && by) {
    const loss = holder.provisional
      ? { action: 'user.merge', detail: { mergedInto: userId } }
      : { action: 'user.unlink', detail: { movedTo: userId } };
    await recordAudit(trx, { ...by, ...loss, subject: `user:${holder.id}` });
  }
  await setTelegramId(trx, userId, telegramId);
}

/**
 * Locks the user and the holder of the Telegram id. First the id itself, so that nobody takes it meanwhile; then the rows,
 * always in the order of their ids: two that swap their Telegram ids at the same time don't wait for each other.
 */
export async function lockUsers(
  trx: Transaction<Database>,
  userId: number,
  telegramId: number | null,
): Promise<{ id: number; provisional: boolean; telegramId: number | null }[]> {
  if (telegramId !== null) await lockTelegramId(trx, telegramId);
  const { rows } = await sql<{ id: number; provisional: boolean; telegramId: number | null }>`
    select id, provisional, telegram_id as "telegramId" from users
    where id = ${userId} or telegram_id = ${telegramId} order by id for update`.execute(trx);
  return rows;
}

/** Lets transactions that link one Telegram id come one after the other. */
export async function lockTelegramId(trx: Transaction<Database>, telegramId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('telegram_id', ${telegramId}))`.execute(trx);
}

async function setTelegramId(
  trx: Transaction<Database>,
  userId: number,
  telegramId: number | null,
): Promise<void> {
  await trx
    .updateTable('users')
    .set({ telegram_id: telegramId, updated_at: sql<Date>`now()` })
    .where('id', '=', userId)
    .execute();
}

/** Moves tickets, with their messages, notifications and idempotency keys to another user, and removes the one who had them. */
async function mergeUser(
  trx: Transaction<Database>,
  { from, into }: { from: number; into: number },
): Promise<void> {
  // Locked in the ids' order, as erasing and withdrawing do; the tickets first, so that a reply that is being inserted is seen.
  await sql`select from support_tickets where user_id = ${from} order by id for update`.execute(trx);
  await sql`select from notifications where id in (${idsOfUser(from)}) order by id for update`.execute(trx);
  // Their notifications follow them (a trigger).
  await sql`update support_tickets set user_id = ${into} where user_id = ${from}`.execute(trx);
  await sql`
    update notifications set user_id = ${into} where user_id = ${from} and message_id is null`.execute(trx);
  // A key that both have used stays the account's.
  await sql`
    update idempotency_keys k set caller = ${`user:${into}`}
    where caller = ${`user:${from}`} and not exists (
      select from idempotency_keys taken where taken.caller = ${`user:${into}`} and taken.key = k.key
    )`.execute(trx);
  // Who wants no messages wants none under either account. Their own language counts where the account has none but the
  // default, which was chosen by nobody mostly.
  await sql`
    update users u set muted_at = coalesce(u.muted_at, f.muted_at),
      locale = case u.locale when ${DEFAULT_LOCALE} then f.locale else u.locale end
    from users f where u.id = ${into} and f.id = ${from}`.execute(trx);
  await trx.deleteFrom('users').where('id', '=', from).execute();
}
