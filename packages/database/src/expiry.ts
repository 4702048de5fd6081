import { sql } from 'kysely';
import { days, hours } from './durations.ts';
import type { Db } from './schema.ts';

// The limit stands in the statements: of a parameter Postgres doesn't know that it is small, and reads the whole table.

/**
 * Ends what has waited too long: pending notifications after `ttlHours`, parked ones after `parkedTtlDays`.
 *
 * @param limit how many of each are looked at, those that have been due for longest; what is expired and not claimed
 *   any more comes among these sooner or later.
 * @returns how many expired.
 */
export async function expireNotifications(
  db: Db,
  { ttlHours, parkedTtlDays, limit }: { ttlHours: number; parkedTtlDays: number; limit: number },
): Promise<number> {
  const pending = await sql`
    update notifications set status = 'expired', reason = 'waited_too_long', updated_at = now()
    where id in (
      select id from notifications
      where id in (
        select id from (
          select id, pending_since from notifications where status = 'pending'
          order by due_at, id limit ${sql.lit(limit)}
        ) as oldest
        where pending_since <= now() - ${hours(ttlHours)}
      ) and status = 'pending'
      for update skip locked
    )`.execute(db);
  const parked = await sql`
    update notifications set status = 'expired', updated_at = now()
    where id in (
      select id from notifications
      where status = 'parked' and updated_at <= now() - ${days(parkedTtlDays)}
      order by updated_at limit ${sql.lit(limit)} for update skip locked
    )`.execute(db);
  return Number(pending.numAffectedRows ?? 0) + Number(parked.numAffectedRows ?? 0);
}
