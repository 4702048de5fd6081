import { sql } from 'kysely';
import { decided, retried } from './decisions.ts';
import { RELAY_CHANNEL } from './listen.ts';
import { matches, type NotificationFilter } from './notification-list.ts';
import type { Db } from './schema.ts';

/** Which notifications are sent again: failed ones, or those of unknown outcome, which the user may then get twice. */
export type RedriveFilter = Omit<NotificationFilter, 'status'> & { status: 'failed' | 'unknown' };

const BATCH = 500;

/**
 * Sends again what matches, the oldest first, in small batches. Only their rows are changed: the relay makes the jobs, so
 * they leave in the bot's pace like all others.
 *
 * @param limit at most so many.
 * @returns how many.
 */
export async function retryMatching(db: Db, filter: RedriveFilter, limit: number): Promise<number> {
  let count = 0;
  // What fails anew meanwhile has an id that was passed already.
  let afterId = 0;
  while (count < limit) {
    const wanted = Math.min(BATCH, limit - count);
    const ids = await retryBatch(db, filter, afterId, wanted);
    count += ids.length;
    if (ids.length < wanted) break;
    afterId = Math.max(...ids);
  }
  return count;
}

async function retryBatch(db: Db, filter: RedriveFilter, afterId: number, limit: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with chosen as (
      select n.id from notifications n
      where ${matches(filter)} and n.id > ${afterId}
      order by n.id limit ${limit}
      for update skip locked
    ), changed as (
      update notifications n set ${decided(retried)} from chosen c where n.id = c.id returning n.id
    ), woken as (
      select pg_notify(${RELAY_CHANNEL}, 'decided') where exists (select from changed)
    )
    select c.id from changed c left join woken on true`.execute(db);
  return rows.map((row) => row.id);
}

/** How many match, counted up to `atMost`. */
export async function countMatching(db: Db, filter: RedriveFilter, atMost: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from notifications n where ${matches(filter)} limit ${atMost}
    ) as found`.execute(db);
  return rows[0]?.count ?? 0;
}
