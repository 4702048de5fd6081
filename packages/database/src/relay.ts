import { sql } from 'kysely';
import { inMs, milliseconds } from './durations.ts';
import type { Db } from './schema.ts';

/** What a job is made of. */
export type JobKey = { notificationId: number; ticketId: number; epoch: number };

/** Where a page of overdue notifications ended: the next one begins behind it. */
export type OverdueCursor = { dueAt: string; notificationId: number };

/**
 * The oldest notifications that should have been claimed by now, oldest first. Whether their jobs are missing is the
 * queue's to say.
 *
 * @param options.graceMs how long overdue, in milliseconds; gives a job that was just added the time to run.
 * @param options.limit at most so many rows, so that a pass stays small whatever the backlog.
 * @param options.after the cursor of the page before.
 */
export async function findOverdue(
  db: Db,
  options: { graceMs: number; limit: number; after?: OverdueCursor | undefined },
): Promise<{ keys: (JobKey & { overdueMs: number })[]; next: OverdueCursor | undefined }> {
  const after = options.after ?? { dueAt: '-infinity', notificationId: 0 };
  // now() is constant in the statement, so the partial index on (due_at, id) answers; clock_timestamp() defeats it.
  const { rows } = await sql<JobKey & OverdueCursor & { overdueMs: number }>`
    select id as "notificationId", ticket_id as "ticketId", epoch, due_at::text as "dueAt",
      ${inMs(sql`now() - due_at`)} as "overdueMs"
    from notifications
    where status = 'pending' and due_at <= now() - ${milliseconds(options.graceMs)}
      and (due_at, id) > (${after.dueAt}::timestamptz, ${after.notificationId}::bigint)
    order by due_at, id
    limit ${sql.lit(options.limit)}`.execute(db);
  return { keys: rows, next: rows.length === options.limit ? rows.at(-1) : undefined };
}

/**
 * Counts the epoch up for notifications that are still pending in the given epoch: their new jobs get ids that the
 * queue has never seen, and jobs of the old epoch find that they may not claim.
 *
 * @returns the keys of the new jobs, only for rows that had not moved on meanwhile.
 */
export async function renewEpochs(db: Db, keys: JobKey[]): Promise<JobKey[]> {
  const { rows } = await sql<JobKey>`
    with given as (
      select * from unnest(
        ${keys.map((key) => key.notificationId)}::bigint[], ${keys.map((key) => key.epoch)}::integer[]
      ) as g (id, epoch)
    ), held as (
      select n.id from notifications n join given g on g.id = n.id and g.epoch = n.epoch
      where n.status = 'pending'
      order by n.id
      for update of n skip locked
    )
    update notifications n set epoch = n.epoch + 1
    from held h where n.id = h.id
    returning n.id as "notificationId", n.ticket_id as "ticketId", n.epoch`.execute(db);
  return rows;
}
