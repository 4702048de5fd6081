import type { Db } from '@replybell/database';
import { sql } from 'kysely';

/** How many statements in the database wait for a row or table that somebody else holds. */
export async function countWaiting(db: Db): Promise<number> {
  const { rows } = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows.length;
}
