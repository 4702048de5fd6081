import { type Kysely, sql } from 'kysely';
import type { Database, NotificationStatus, Outcome } from './schema.ts';

export type Settlement = {
  notificationId: number;
  /** The claim's number: the fence. */
  claim: number;
  outcome: Outcome;
  /** What the notification becomes. */
  status: 'pending' | 'sent' | 'failed' | 'unknown';
  /** A stable code; null when it was sent. */
  reason: string | null;
  /** Telegram's own words, or the network's. */
  detail: string | null;
  /** With `pending`: how long to wait before the next attempt, in milliseconds. */
  retryInMs: number | null;
  /** With `sent`: the id of Telegram's message. */
  telegramMessageId: number | null;
};

/**
 * Writes what attempts came to. The attempt's row always gets its outcome; the notification changes only if nobody
 * has claimed it since, so a worker that slept past its lease overwrites nothing.
 *
 * @returns for each settlement whether it changed its notification.
 */
export async function settleNotifications(
  db: Kysely<Database>,
  settlements: Settlement[],
): Promise<boolean[]> {
  const column = <Key extends keyof Settlement>(key: Key) => settlements.map((settlement) => settlement[key]);
  const { rows } = await sql<{ settled: boolean }>`
    with given as (
      select * from unnest(
        ${column('notificationId')}::bigint[], ${column('claim')}::integer[],
        ${column('outcome')}::text[], ${column('status')}::text[], ${column('reason')}::text[],
        ${column('detail')}::text[], ${column('retryInMs')}::double precision[],
        ${column('telegramMessageId')}::bigint[]
      ) with ordinality as g (id, claim, outcome, status, reason, detail, retry_in_ms, message_id, position)
    ), held as (
      select n.id from notifications n join given g on g.id = n.id and g.claim = n.claim
      where n.status in ('sending', 'pending', 'unknown')
      order by n.id
      for update of n
    ), settled as (
      update notifications n set
        status = g.status, reason = g.reason, lease_until = null, updated_at = now(),
        due_at = now() + coalesce(g.retry_in_ms, 0) * interval '1 millisecond',
        retries = n.retries + (g.outcome = 'retry')::integer,
        unknowns = n.unknowns + (g.outcome = 'unknown')::integer,
        telegram_message_id = g.message_id,
        sent_at = case when g.status = 'sent' then now() end
      from given g, held h
      where n.id = g.id and h.id = n.id
      returning n.id
    ), ended as (
      update notification_attempts a
      set ended_at = clock_timestamp(), outcome = g.outcome, reason = g.reason, detail = g.detail
      from given g
      where a.notification_id = g.id and a.claim = g.claim
    )
    select s.id is not null as settled
    from given g left join settled s on s.id = g.id
    order by g.position`.execute(db);
  return rows.map((row) => row.settled);
}

/** Gives back a claim whose request never left: the attempt did not happen. */
export async function releaseClaim(
  db: Kysely<Database>,
  { notificationId, claim }: { notificationId: number; claim: number },
): Promise<void> {
  await sql`
    with released as (
      update notifications set status = 'pending', lease_until = null, updated_at = now()
      where id = ${notificationId} and claim = ${claim} and status = 'sending'
      returning id
    )
    delete from notification_attempts a using released r
    where a.notification_id = r.id and a.claim = ${claim}`.execute(db);
}

/** What became of a notification that was to be parked: the user may have become reachable meanwhile. */
export type Parked = 'parked' | 'pending' | 'stale';

/**
 * Parks a notification whose user has no telegram_id. The user's row is locked first: whoever sets the telegram_id at
 * this moment either comes before, and it isn't parked, or after, and frees it.
 */
export async function parkUnlinked(
  db: Kysely<Database>,
  { notificationId, userId, epoch }: { notificationId: number; userId: number; epoch: number },
): Promise<Parked> {
  return db.transaction().execute(async (trx) => {
    const user = await sql<{ unlinked: boolean }>`
      select telegram_id is null as unlinked from users where id = ${userId} for share`.execute(trx);
    if (!user.rows[0]?.unlinked) return 'pending';
    const parked = await sql`
      update notifications
      set status = 'parked', reason = 'no_telegram_id', updated_at = now(), lease_until = null
      where id = ${notificationId} and epoch = ${epoch} and status = 'pending'`.execute(trx);
    return Number(parked.numAffectedRows ?? 0) > 0 ? 'parked' : 'stale';
  });
}

/**
 * Settles an attempt that Telegram refused because the user can't be reached. Parked, unless the user was linked anew
 * while the request was under way (the contact's version grew): then it is due again at once.
 */
export async function settleUnreachable(
  db: Kysely<Database>,
  attempt: {
    notificationId: number;
    userId: number;
    claim: number;
    contactVersion: number;
    reason: string;
    detail: string;
  },
): Promise<Parked> {
  return db.transaction().execute(async (trx) => {
    const user = await sql<{ contact_version: number }>`
      select contact_version from users where id = ${attempt.userId} for share`.execute(trx);
    const sameContact = user.rows[0]?.contact_version === attempt.contactVersion;
    await sql`
      update notification_attempts
      set ended_at = clock_timestamp(), outcome = 'unreachable', reason = ${attempt.reason}, detail = ${attempt.detail}
      where notification_id = ${attempt.notificationId} and claim = ${attempt.claim}`.execute(trx);
    const { rows } = await sql<{ status: NotificationStatus }>`
      update notifications
      set status = ${sameContact ? 'parked' : 'pending'}, reason = ${sameContact ? attempt.reason : null},
        due_at = now(), lease_until = null, updated_at = now()
      where id = ${attempt.notificationId} and claim = ${attempt.claim}
        and status in ('sending', 'pending', 'unknown')
      returning status`.execute(trx);
    const status = rows[0]?.status;
    return status === 'parked' || status === 'pending' ? status : 'stale';
  });
}
