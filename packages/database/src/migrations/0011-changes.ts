import { type Kysely, sql } from 'kysely';

/**
 * What changed lately, for live events. Final and parked notifications have their indexes; this one holds those that wait
 * for an operator and those that are pending again. Fresh ones, the most, are not in it, so that an insert costs no more.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index notifications_stirred on notifications (updated_at)
    where status in ('failed', 'unknown') or (status = 'pending' and updated_at > created_at)`.execute(db);
}
