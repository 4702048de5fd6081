import { type Kysely, sql } from 'kysely';
import type { Database, NotificationStatus } from './schema.ts';

export type ClaimRequest = {
  notificationId: number;
  /** The epoch in the job's id. Jobs of an earlier epoch are stale. */
  epoch: number;
  /** `attemptsMade` of the job: tells an operator's retry of a failed job from the return of a stalled one. */
  run: number;
};

/** All that a send needs, fixed at the moment of the claim. */
export type Claim = {
  notificationId: number;
  ticketId: number;
  userId: number;
  /** The fence: settle with it. */
  claim: number;
  telegramId: number;
  contactVersion: number;
  locale: string;
  subject: string;
  requestId: string | null;
  /** Answers of kind `retry` so far. */
  retries: number;
  /** Attempts with unknown outcome so far. */
  unknowns: number;
};

export type ClaimResult =
  | { kind: 'claimed'; claim: Claim }
  /** The user has no telegram_id: `parkUnlinked` follows. */
  | {
      kind: 'unlinked';
      notificationId: number;
      ticketId: number;
      userId: number;
      claim: number;
      requestId: string | null;
    }
  /** It may be claimed in `inMs` milliseconds at the earliest. */
  | { kind: 'not_due'; inMs: number }
  /** This job has nothing to do any more: the row is settled, held by another worker, of a later epoch, or gone. */
  | { kind: 'stale'; status: NotificationStatus | null };

/** How soon a row that another transaction holds at this moment is looked at again, in milliseconds. */
const LOCKED_RETRY_MS = 200;

/**
 * Claims notifications for sending: Postgres decides who may send. One statement takes what may be sent now, counts
 * the fence up, sets the lease and writes the attempt as started. A notification may be claimed if its epoch is the
 * job's and it is due; one that failed or is unknown, if an operator retried its job.
 *
 * @param requests in any order; of two for one notification only the first can get it.
 * @param leaseMs how long the claim holds without a settle, in milliseconds on the database's clock.
 * @returns one result per request, in the requests' order.
 */
export async function claimNotifications(
  db: Kysely<Database>,
  requests: ClaimRequest[],
  leaseMs: number,
): Promise<ClaimResult[]> {
  const { rows } = await sql<ClaimRow>`
    with wanted as (
      select * from unnest(
        ${requests.map((request) => request.notificationId)}::bigint[],
        ${requests.map((request) => request.epoch)}::integer[],
        ${requests.map((request) => request.run)}::integer[]
      ) with ordinality as w (id, epoch, run, position)
    ), first_wanted as (
      select distinct on (id, epoch) * from wanted order by id, epoch, position
    ), claimable as (
      select n.id, n.status, w.run, w.position
      from first_wanted w join notifications n on n.id = w.id and n.epoch = w.epoch
      where (n.status = 'pending' and n.due_at <= now())
        or (n.status in ('failed', 'unknown') and n.claimed_run < w.run)
      order by n.id
      for update of n skip locked
    ), claimed as (
      update notifications n set
        status = 'sending', reason = null, claim = n.claim + 1, claimed_run = c.run, updated_at = now(),
        lease_until = now() + ${leaseMs}::double precision * interval '1 millisecond',
        retries = case when c.status = 'pending' then n.retries else 0 end,
        unknowns = case when c.status = 'pending' then n.unknowns else 0 end
      from claimable c, users u
      where n.id = c.id and u.id = n.user_id and u.telegram_id is not null
      returning n.id, n.claim, n.retries, n.unknowns, c.position, u.telegram_id, u.contact_version
    ), started as (
      insert into notification_attempts (notification_id, claim) select id, claim from claimed
    )
    select
      c.claim as claimed, c.retries, c.unknowns, c.telegram_id, c.contact_version,
      n.id, n.status, n.epoch = w.epoch as current_epoch, n.ticket_id, n.user_id, n.claim, n.request_id,
      extract(epoch from n.due_at - now())::double precision * 1000 as due_in_ms,
      u.locale, u.telegram_id is null as unlinked, t.subject
    from wanted w
      left join claimed c on c.position = w.position
      left join notifications n on n.id = w.id
      left join users u on u.id = n.user_id
      left join support_tickets t on t.id = n.ticket_id
    order by w.position`.execute(db);
  return rows.map(toResult);
}

type ClaimRow = {
  claimed: number | null;
  retries: number;
  unknowns: number;
  telegram_id: number;
  contact_version: number;
  /** These are as they were before the claim; null if the notification is gone. */
  id: number;
  status: NotificationStatus | null;
  current_epoch: boolean;
  ticket_id: number;
  user_id: number;
  claim: number;
  request_id: string | null;
  due_in_ms: number;
  locale: string;
  unlinked: boolean;
  subject: string;
};

function toResult(row: ClaimRow): ClaimResult {
  const ids = {
    notificationId: row.id,
    ticketId: row.ticket_id,
    userId: row.user_id,
    requestId: row.request_id,
  };
  if (row.claimed !== null) {
    return {
      kind: 'claimed',
      claim: {
        ...ids,
        claim: row.claimed,
        telegramId: row.telegram_id,
        contactVersion: row.contact_version,
        locale: row.locale,
        subject: row.subject,
        retries: row.retries,
        unknowns: row.unknowns,
      },
    };
  }
  if (row.status !== 'pending' || !row.current_epoch) return { kind: 'stale', status: row.status };
  if (row.due_in_ms > 0) return { kind: 'not_due', inMs: Math.ceil(row.due_in_ms) };
  if (row.unlinked) return { kind: 'unlinked', ...ids, claim: row.claim };
  return { kind: 'not_due', inMs: LOCKED_RETRY_MS };
}
