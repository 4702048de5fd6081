import { type Kysely, sql } from 'kysely';
import { days, hours } from './durations.ts';
import type { Database } from './schema.ts';

// Limits stand in the statements themselves: of a parameter Postgres doesn't know that it is small, and reads the whole table.

/** How long an idempotency key is remembered. */
const KEY_HOURS = 24;
/** How long the audit trail is kept. */
const AUDIT_DAYS = 365;

/**
 * Ends what has waited too long: pending notifications after `ttlHours`, parked ones after `parkedTtlDays`.
 *
 * @param limit how many of each are looked at, those that have been due for longest; what is expired and not claimed
 *   any more comes among these sooner or later.
 * @returns how many expired.
 */
export async function expireNotifications(
  db: Kysely<Database>,
  { ttlHours, parkedTtlDays, limit }: { ttlHours: number; parkedTtlDays: number; limit: number },
): Promise<number> {
  const pending = await sql`
    update notifications set status = 'expired', reason = 'waited_too_long', updated_at = now()
    where id in (
      select id from (
        select id, pending_since from notifications where status = 'pending'
        order by due_at, id limit ${sql.lit(limit)}
      ) as oldest
      where pending_since <= now() - ${hours(ttlHours)}
    ) and status = 'pending'`.execute(db);
  const parked = await sql`
    update notifications set status = 'expired', updated_at = now()
    where id in (
      select id from notifications
      where status = 'parked' and updated_at <= now() - ${days(parkedTtlDays)}
      order by updated_at limit ${sql.lit(limit)} for update skip locked
    )`.execute(db);
  return Number(pending.numAffectedRows ?? 0) + Number(parked.numAffectedRows ?? 0);
}

/**
 * Removes notifications that have been final for `days`, with their attempts. What waits for an operator stays.
 *
 * @param limit at most so many, so that each transaction is short.
 * @returns how many were removed.
 */
export async function removeFinalNotifications(
  db: Kysely<Database>,
  options: { days: number; limit: number },
): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from notifications where id in (
      select id from notifications
      where status in ('sent', 'folded', 'expired', 'withdrawn')
        and updated_at <= now() - ${days(options.days)}
      order by updated_at limit ${sql.lit(options.limit)} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Removes idempotency keys that are a day old, at most `limit` of them, and tells how many. */
export async function forgetIdempotencyKeys(db: Kysely<Database>, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (caller, key) in (
      select caller, key from idempotency_keys
      where created_at <= now() - ${hours(KEY_HOURS)}
      limit ${sql.lit(limit)} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Removes entries of the audit trail that are a year old, at most `limit` of them, and tells how many. */
export async function removeOldAuditEntries(db: Kysely<Database>, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from audit_entries where id in (
      select id from (
        select id, at from audit_entries order by id limit ${sql.lit(limit)}
      ) as oldest
      where at <= now() - ${days(AUDIT_DAYS)}
    )`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Removes sessions that have expired, and counts of attempts to sign in that are over, at most `limit` of each, and tells how many. */
export async function forgetOldSignIns(db: Kysely<Database>, limit: number): Promise<number> {
  const sessions = await sql`
    delete from admin_sessions where id in (
      select id from admin_sessions where expires_at <= now() limit ${sql.lit(limit)} for update skip locked
    )`.execute(db);
  const attempts = await sql`
    delete from sign_in_attempts where subject in (
      select subject from sign_in_attempts where window_ends_at <= now()
      limit ${sql.lit(limit)} for update skip locked
    )`.execute(db);
  return Number(sessions.numAffectedRows ?? 0) + Number(attempts.numAffectedRows ?? 0);
}
