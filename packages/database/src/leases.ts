import { sql } from 'kysely';
import type { JobKey } from './relay.ts';
import type { Db } from './schema.ts';

export type TakenBack = JobKey & {
  claim: number;
  /** `withdrawn` if the user was erased meanwhile. */
  status: 'pending' | 'unknown' | 'withdrawn';
  requestId: string | null;
};

/** UNKNOWN_OUTCOME. */
export type UnknownOutcomePolicy = 'resend' | 'hold';

/** How many unknown outcomes of a notification may each be followed by another attempt. */
export const resendsOf = (policy: UnknownOutcomePolicy): number => (policy === 'resend' ? 2 : 0);

/**
 * Takes back claims whose lease ran out: their worker died or froze, and nobody knows whether the request left. The
 * attempts become `unknown`; the notifications are sent again (policy `resend`, at most twice, under a new epoch) or
 * wait for an operator.
 */
export async function takeBackClaims(
  db: Db,
  options: { policy: UnknownOutcomePolicy; limit: number },
): Promise<TakenBack[]> {
  const { rows } = await sql<TakenBack>`
    with expired as (
      select id from notifications
      where status = 'sending' and lease_until < now()
      order by lease_until
      limit ${sql.lit(options.limit)}
      for update skip locked
    ), recovered as (
      update notifications n set
        status = case when n.unknowns < ${resendsOf(options.policy)} then 'pending' else 'unknown' end,
        unknowns = n.unknowns + 1, reason = 'lease_expired', lease_until = null,
        -- Not overdue yet: a worker that has the answer, and only waited for the row, settles it before the relay makes a job.
        due_at = now(), epoch = n.epoch + 1, updated_at = now()
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
