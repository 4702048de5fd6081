import { sql, type Transaction } from 'kysely';
import { ERASED } from './idempotency.ts';
import { idsOfUser } from './notifications.ts';
import type { Database } from './schema.ts';
import { findUser, type User } from './users.ts';

/**
 * Removes what is known of a person: their name and Telegram id, and all texts of their tickets, admins' replies too, as
 * these speak to them and of them. What waits for them is withdrawn; a send that is under way is settled as sent or
 * withdrawn. Rows, numbers, times and outcomes stay, so that counts and timelines do. Repeating it is harmless.
 *
 * Each statement sees what those that it had to wait for have committed, so the order matters: after the user's row no new
 * ticket comes, after the tickets' no new message, after the notifications' no new outcome.
 *
 * @returns the user as they are now; undefined if there is none.
 */
export async function eraseUser(trx: Transaction<Database>, id: number): Promise<User | undefined> {
  const { rows } = await sql<{ telegram_id: number | null }>`
    select telegram_id from users where id = ${id} for update`.execute(trx);
  const user = rows[0];
  if (!user) return undefined;
  await removeIdentity(trx, id);
  await emptyTickets(trx, id);
  await withdrawNotifications(trx, id);
  // After the notifications, as in a claim: one that waited for this row would hold up all of its batch.
  await sql`delete from chat_slots where chat_id = ${user.telegram_id}`.execute(trx);
  await forgetAnswers(trx, id);
  return findUser(trx, id);
}

async function removeIdentity(trx: Transaction<Database>, id: number): Promise<void> {
  await sql`
    update users set
      username = 'erased-' || id, telegram_id = null, locale = default, muted_at = null, unreachable_reason = null,
      provisional = false, erased_at = coalesce(erased_at, now()), updated_at = now()
    where id = ${id}`.execute(trx);
  await sql`delete from link_tokens where user_id = ${id}`.execute(trx);
}

/** Closes the tickets, so that nobody writes in them again, and removes their texts. */
async function emptyTickets(trx: Transaction<Database>, userId: number): Promise<void> {
  await sql`
    update support_tickets
    set subject = '', status = 'closed', erased_at = coalesce(erased_at, now()), updated_at = now()
    where user_id = ${userId} and erased_at is null`.execute(trx);
  await sql`
    update support_messages set message = ''
    where ticket_id in (select id from support_tickets where user_id = ${userId}) and message <> ''`.execute(
    trx,
  );
}

/**
 * Removes the answers that are kept for repeated requests, and their hashes, which tell whether a text was this one. The
 * keys of requests that could make the person anew stay: another backend may still repeat them.
 */
async function forgetAnswers(trx: Transaction<Database>, userId: number): Promise<void> {
  await sql`
    delete from idempotency_keys where (caller, key) in (
      select caller, key from idempotency_keys where caller = ${`user:${userId}`}
      union all
      select k.caller, k.key
      from support_tickets t
        join support_messages m on m.ticket_id = t.id
        join idempotency_keys k on k.message_id = m.id
      where t.user_id = ${userId}
    )`.execute(trx);
  await sql`
    update idempotency_keys k set body_hash = ${ERASED}, answer = ''
    from (
      select ${`user:${userId}`} as subject
      union all
      select 'ticket:' || id from support_tickets where user_id = ${userId}
      union all
      select 'notification:' || id from notifications where user_id = ${userId} and message_id is null
    ) about where k.subject = about.subject`.execute(trx);
}

async function withdrawNotifications(trx: Transaction<Database>, userId: number): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    select id from notifications where id in (${idsOfUser(userId)}) order by id for update`.execute(trx);
  const ids = rows.map(({ id }) => id);
  await sql`
    update notifications set status = 'withdrawn', reason = 'user_erased', updated_at = now()
    where id = any(${ids}::bigint[]) and status in ('pending', 'parked', 'failed', 'unknown')`.execute(trx);
  await sql`
    update notifications set subject = '', button_url = null
    where id = any(${ids}::bigint[]) and message_id is null`.execute(trx);
  await sql`
    update notification_attempts set detail = null
    where notification_id = any(${ids}::bigint[]) and detail is not null`.execute(trx);
}

/** Whether the database refused to link an erased user, or to open a ticket of theirs. */
export function isRefusedAsErased(error: unknown): boolean {
  if (!(error instanceof Error) || !('constraint' in error)) return false;
  return error.constraint === 'users_erased_unlinked' || error.constraint === 'support_tickets_erased_closed';
}
