import { type Kysely, sql } from 'kysely';
import { milliseconds } from './durations.ts';
import type { Database } from './schema.ts';

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
  db: Kysely<Database>,
  options: { graceMs: number; limit: number; after?: OverdueCursor | undefined },
): Promise<{ keys: (JobKey & { overdueMs: number })[]; next: OverdueCursor | undefined }> {
  const after = options.after ?? { dueAt: '-infinity', notificationId: 0 };
  // now() is constant in the statement, so the partial index on (due_at, id) answers; clock_timestamp() defeats it.
  const { rows } = await sql<JobKey & OverdueCursor & { overdueMs: number }>`
    select id as "notificationId", ticket_id as "ticketId", epoch, due_at::text as "dueAt",
      (extract(epoch from now() - due_at) * 1000)::double precision as "overdueMs"
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
export async function renewEpochs(db: Kysely<Database>, keys: JobKey[]): Promise<JobKey[]> {
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

export type RecoveredLease = JobKey & {
  claim: number;
  status: 'pending' | 'unknown';
  requestId: string | null;
};

/** How many unknown outcomes may be followed by another attempt. */
export const RESENDS_AFTER_UNKNOWN = 2;

/**
 * Takes back claims whose lease ran out: their worker died or froze, and nobody knows whether the request left. The
 * attempts become `unknown`; the notifications are sent again (policy `resend`, at most twice, under a new epoch) or
 * wait for an operator.
 */
export async function recoverExpiredLeases(
  db: Kysely<Database>,
  options: { policy: 'resend' | 'hold'; limit: number },
): Promise<RecoveredLease[]> {
  const resends = options.policy === 'resend' ? RESENDS_AFTER_UNKNOWN : 0;
  const { rows } = await sql<RecoveredLease>`
    with expired as (
      select id from notifications
      where status = 'sending' and lease_until < now()
      order by lease_until
      limit ${sql.lit(options.limit)}
      for update skip locked
    ), recovered as (
      update notifications n set
        status = case when n.unknowns < ${resends} then 'pending' else 'unknown' end,
        unknowns = n.unknowns + 1, reason = 'lease_expired', lease_until = null,
        -- Overdue at once, so that the next pass makes its job.
        due_at = now() - interval '1 minute', epoch = n.epoch + 1, updated_at = now()
      from expired e where n.id = e.id
      returning n.id, n.ticket_id, n.epoch, n.claim, n.status, n.request_id
    ), ended as (
      update notification_attempts a
      set ended_at = now(), outcome = 'unknown', reason = 'lease_expired',
        detail = 'The worker recorded no answer before its lease ran out'
      from recovered r
      where a.notification_id = r.id and a.claim = r.claim
    )
    select id as "notificationId", ticket_id as "ticketId", epoch, claim, status, request_id as "requestId"
    from recovered`.execute(db);
  return rows;
}
