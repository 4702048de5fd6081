import { sql } from 'kysely';
import { createBatcher } from './batcher.ts';
import type { Claim } from './claim-terms.ts';
import { BOT_INTERVAL_MS, freeInMs, type PaceReading } from './pace.ts';
import { RowHeldError } from './row-held.ts';
import type { Db, Outcome } from './schema.ts';

export type Settlement = PaceReading & {
  claim: Claim;
  outcome: Outcome;
  /** What the notification becomes. */
  status: 'pending' | 'parked' | 'sent' | 'failed' | 'unknown';
  /** A stable code; null when it was sent. */
  reason: string | null;
  /** Telegram's own words, or the network's. */
  detail: string | null;
  /** With `pending`: how long to wait before the next attempt, in milliseconds. */
  retryInMs: number | null;
  /** Whether it uses up an attempt. */
  counts: boolean;
  /** With `sent`: the id of Telegram's message. */
  telegramMessageId: number | null;
};

/** `held`: not yet, as somebody else holds the notification's row. */
type Settled = 'settled' | 'stale' | 'held';

/**
 * Writes what an attempt came to; settles that come at the same time share a statement.
 *
 * @returns a function that tells whether it changed the notification, and throws a RowHeldError if it can't just now.
 */
export function createSettler(db: Db, chatIntervalMs: number): (settlement: Settlement) => Promise<boolean> {
  const settle = createBatcher((settlements: Settlement[]) =>
    settleNotifications(db, settlements, chatIntervalMs),
  );
  return async (settlement) => {
    const settled = await settle(settlement);
    if (settled === 'held') throw new RowHeldError('notification');
    return settled === 'settled';
  };
}

/**
 * Writes what attempts came to, and gives their slots in the pace back. Only if nobody has claimed the notification since:
 * a worker that slept past its lease overwrites nothing, and its attempt stays unknown, as it may have been doubled.
 * Nobody waits for a row that somebody else holds: the leases of all the others would run out meanwhile.
 *
 * @param chatIntervalMs 0: chats have no pace of their own.
 * @returns what became of each settlement.
 */
export async function settleNotifications(
  db: Db,
  settlements: Settlement[],
  chatIntervalMs: number,
): Promise<Settled[]> {
  const column = <Value>(read: (settlement: Settlement) => Value) => settlements.map(read);
  const { rows } = await sql<{ settled: Settled }>`
    with given as (
      select * from unnest(
        ${column((s) => s.claim.notificationId)}::bigint[], ${column((s) => s.claim.fence)}::integer[],
        ${column((s) => s.outcome)}::text[], ${column((s) => s.status)}::text[], ${column((s) => s.reason)}::text[],
        ${column((s) => s.detail)}::text[], ${column((s) => s.retryInMs)}::double precision[],
        ${column((s) => s.counts)}::boolean[], ${column((s) => s.telegramMessageId)}::bigint[],
        ${column((s) => s.claim.telegramId)}::bigint[], ${column((s) => s.claim.slot.id)}::integer[],
        ${column((s) => freeInMs(s, BOT_INTERVAL_MS))}::double precision[],
        ${column((s) => freeInMs(s, chatIntervalMs))}::double precision[]
      ) with ordinality as g (id, claim, outcome, status, reason, detail, retry_in_ms, counts, message_id, chat_id,
        slot_id, slot_free_in_ms, chat_free_in_ms, position)
    ), open as (
      select g.* from given g join notifications n on n.id = g.id where ${isOpen}
      for no key update of n skip locked
    ), settled as (
      update notifications n set
        status = g.status, reason = g.reason, lease_until = null, claim_token = null, updated_at = now(),
        settled_claim = g.claim, due_at = now() + coalesce(g.retry_in_ms, 0) * interval '1 millisecond',
        retries = n.retries + g.counts::integer,
        unknowns = greatest(0, n.unknowns + (g.outcome = 'unknown')::integer - (n.status <> 'sending')::integer),
        telegram_message_id = g.message_id,
        sent_at = case when g.status = 'sent' then clock_timestamp() end
      from open g
      where n.id = g.id
      returning n.id, g.position
    ), ended as (
      update notification_attempts a
      set ended_at = clock_timestamp(), outcome = g.outcome, reason = g.reason, detail = g.detail
      from settled s join given g using (position)
      where a.notification_id = g.id and a.claim = g.claim
    ), bot as (
      -- Not by now(): a transaction may have begun some statements ago.
      update bot_slots b set free_at = statement_timestamp() + g.slot_free_in_ms * interval '1 millisecond'
      from given g where b.id = g.slot_id and b.notification_id = g.id and b.claim = g.claim
    ), chat as (
      update chat_slots c set free_at = statement_timestamp() + g.chat_free_in_ms * interval '1 millisecond'
      from given g where c.chat_id = g.chat_id and c.notification_id = g.id and c.claim = g.claim
    )
    select case
      when s.id is not null then 'settled'
      when exists (select from notifications n where n.id = g.id and ${isOpen}) then 'held'
      else 'stale' end as settled
    from given g left join settled s using (position)
    order by g.position`.execute(db);
  return rows.map((row) => row.settled);
}

/**
 * Still at this claim, which has no outcome, or only the one that the end of its lease gave it: a settle whose answer was
 * lost is repeated and must not count twice.
 */
const isOpen = sql`n.claim = g.claim and n.settled_claim < g.claim and n.status in ('sending', 'pending', 'unknown')`;
