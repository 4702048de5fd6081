import { sql } from 'kysely';
import type { ClaimOptions, ClaimRequest } from './claim-terms.ts';
import { hours, inMs } from './durations.ts';
import { GRANT_AHEAD_MS } from './pace.ts';
import { holdsBack, inForce } from './pauses.ts';
import type { Db, NotificationStatus, PauseKind } from './schema.ts';

/** Why a notification was not claimed. */
export type Refusal =
  /** The user has no telegram_id (`parkUnlinked` follows), or wants no messages (`withdrawMuted`). */
  | ({ kind: 'unlinked' | 'muted' } & Refused)
  /** It may be claimed in `inMs` milliseconds at the earliest; another notification may go before. */
  | { kind: 'not_due'; inMs: number }
  /** Nothing at all may be claimed for `inMs` milliseconds: the bot's pace is used up, or deliveries are paused. */
  | { kind: 'closed'; inMs: number; pause: PauseKind | null }
  /** Only a trial may be claimed, as the time that a 429 asked for has passed: asked again in `inMs` milliseconds. */
  | { kind: 'on_trial'; inMs: number }
  /** This job has nothing to do any more: the row is settled, held by another worker, of a later epoch, or gone. */
  | { kind: 'stale'; status: NotificationStatus | null };

type Refused = {
  notificationId: number;
  ticketId: number;
  userId: number;
  /** How often it was claimed so far. */
  claims: number;
  requestId: string | null;
};

/** How soon a row that somebody else holds at this moment is looked at again, in milliseconds. */
const HELD_RETRY_MS = 100;
/** Somebody else is taking the slot at this moment. In milliseconds. */
const SHORTEST_CLOSED_MS = 5;
/** How soon it is asked again what a trial or a probe has come to, in milliseconds. */
const TRIED_RETRY_MS = 100;
/** The longest wait before it is asked again whether deliveries are still paused, in milliseconds. */
const LONGEST_CLOSED_MS = 1_000;

/** Pauses that keep a worker with this token from sending; a trial waits for the time that a 429 asked for, and no more. */
export const pausesHoldingBack = ({ tokenFingerprint, trial }: ClaimOptions) => sql`
  select kind, paused_until from delivery_pauses
  where ${trial ? inForce : sql`ended_at is null`} and ${holdsBack(tokenFingerprint)}`;

/**
 * Of a notification `n` and a request `w` for it: it waits and hasn't waited too long, or an operator has retried its job.
 * One that waits may be claimed once it is due.
 */
export const mayBeClaimed = ({ ttlHours }: Pick<ClaimOptions, 'ttlHours'>) => sql`(
  (n.status = 'pending' and n.pending_since > now() - ${hours(ttlHours)})
  or (n.status in ('failed', 'unknown') and n.claimed_run < w.run))`;

/**
 * Tells why notifications were not claimed just now.
 *
 * @param refused with their positions among the requests.
 * @param slotless the positions of those that lacked nothing but a slot in the bot's pace.
 * @returns those first that were claimed least.
 */
export async function explainRefusals(
  db: Db,
  refused: (ClaimRequest & { position: number })[],
  slotless: Set<number>,
  options: ClaimOptions,
): Promise<{ position: number; refusal: Refusal }[]> {
  const { chatIntervalMs, ttlHours } = options;
  if (refused.length === 0) return [];
  const { rows } = await sql<RefusedRow>`
    with wanted as (
      select * from unnest(
        ${refused.map((request) => request.notificationId)}::bigint[],
        ${refused.map((request) => request.epoch)}::integer[],
        ${refused.map((request) => request.run)}::integer[],
        ${refused.map((request) => request.position)}::integer[]
      ) as w (id, epoch, run, position)
    ), pause as (
      ${pausesHoldingBack(options)} order by paused_until desc limit 1
    )
    select w.position, n.id, n.status, n.ticket_id, n.user_id, n.claim as claims, n.request_id,
      n.epoch = w.epoch and ${mayBeClaimed({ ttlHours })} as waits,
      ${inMs(sql`n.due_at - now()`)} as due_in_ms, u.telegram_id is null as unlinked, u.muted_at is not null as muted,
      -- While a send to the chat is under way nobody knows when it ends: the interval is as good a guess as any.
      case when ${chatIntervalMs} > 0 then least(coalesce(${inMs(sql`s.free_at - now()`)}, 0), ${chatIntervalMs})
        + ${chatIntervalMs} * (row_number() over (partition by u.telegram_id order by w.position) - 1)
      end::double precision as chat_free_in_ms,
      (select kind from pause) as pause, ${inMs(sql`(select paused_until from pause) - now()`)} as paused_for_ms,
      ${inMs(sql`(select min(free_at) from bot_slots) - now()`)} as slot_free_in_ms
    from wanted w
      left join notifications n on n.id = w.id
      left join users u on u.id = n.user_id
      left join chat_slots s on s.chat_id = u.telegram_id
    order by n.claim, w.position`.execute(db);
  return rows.map((row) => ({
    position: row.position,
    refusal: toRefusal(row, slotless.has(row.position)),
  }));
}

type RefusedRow = {
  position: number;
  /** From here on null if the notification is gone. */
  id: number;
  status: NotificationStatus | null;
  ticket_id: number;
  user_id: number;
  claims: number;
  request_id: string | null;
  /** It may be claimed by this job, now or later. */
  waits: boolean | null;
  due_in_ms: number;
  unlinked: boolean;
  muted: boolean;
  chat_free_in_ms: number | null;
  pause: PauseKind | null;
  paused_for_ms: number | null;
  /** The soonest slot; null if there is none at all. */
  slot_free_in_ms: number | null;
};

/** The first reason that fits. */
function toRefusal(row: RefusedRow, slotless: boolean): Refusal {
  if (!row.waits) return { kind: 'stale', status: row.status };
  if (row.due_in_ms > 0) return { kind: 'not_due', inMs: Math.ceil(row.due_in_ms) };
  if (row.unlinked || row.muted) {
    return {
      kind: row.unlinked ? 'unlinked' : 'muted',
      notificationId: row.id,
      ticketId: row.ticket_id,
      userId: row.user_id,
      claims: row.claims,
      requestId: row.request_id,
    };
  }
  const chatFreeInMs = row.chat_free_in_ms ?? 0;
  const chatTaken: Refusal | undefined =
    chatFreeInMs > GRANT_AHEAD_MS ? { kind: 'not_due', inMs: Math.ceil(chatFreeInMs) } : undefined;
  const overdue = row.paused_for_ms !== null && row.paused_for_ms <= 0;
  // One that waits for its chat can try nothing, and must not keep those waiting that can.
  if (overdue && row.pause === 'throttled') return chatTaken ?? { kind: 'on_trial', inMs: TRIED_RETRY_MS };
  if (row.pause) return closed(overdue ? TRIED_RETRY_MS : (row.paused_for_ms ?? 0), row.pause);
  // Asked again half-way between the moment when the slot is given out and the moment when it is free.
  if (slotless) return closed((row.slot_free_in_ms ?? LONGEST_CLOSED_MS) - GRANT_AHEAD_MS / 2, null);
  return chatTaken ?? { kind: 'not_due', inMs: HELD_RETRY_MS };
}

const closed = (inMs: number, pause: PauseKind | null): Refusal => ({
  kind: 'closed',
  inMs: Math.ceil(Math.min(Math.max(inMs, SHORTEST_CLOSED_MS), LONGEST_CLOSED_MS)),
  pause,
});
