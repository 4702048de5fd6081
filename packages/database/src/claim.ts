import { type Kysely, sql } from 'kysely';
import { GRANT_AHEAD_MS } from './pace.ts';
import type { Database, NotificationStatus, PauseKind } from './schema.ts';

export type ClaimRequest = {
  notificationId: number;
  /** The epoch in the job's id. Jobs of an earlier epoch are stale. */
  epoch: number;
  /** `attemptsMade` of the job: tells an operator's retry of a failed job from the return of a stalled one. */
  run: number;
  /** Names the claimer. Asking again with the same token gives the claim that it has already. */
  token: string;
};

export type ClaimOptions = {
  /** How long the claim holds without a settle, in milliseconds on the database's clock. */
  leaseMs: number;
  /** 0: chats have no pace of their own. */
  chatIntervalMs: number;
  /** Whether one message speaks for all of a ticket's waiting notifications. */
  folding: boolean;
  /** What has waited longer is not sent any more, in hours. */
  ttlHours: number;
  /** Of the token that would send: a pause for a refused token holds for the same token only. */
  tokenFingerprint: string;
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
  /** How many replies the message tells of: this one's and those folded into it. */
  replies: number;
  slot: Slot;
};

/** A place in the bot's pace. */
type Slot = {
  id: number;
  grant: number;
  /** The send may begin so many milliseconds after the claim, not sooner. */
  startsInMs: number;
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
  /** It may be claimed in `inMs` milliseconds at the earliest; another notification may go before. */
  | { kind: 'not_due'; inMs: number }
  /** Nothing at all may be claimed for `inMs` milliseconds: the bot's pace is used up, or deliveries are paused. */
  | { kind: 'closed'; inMs: number; pause: PauseKind | null }
  /** This job has nothing to do any more: the row is settled, held by another worker, of a later epoch, or gone. */
  | { kind: 'stale'; status: NotificationStatus | null };

/** How soon a row that another transaction holds at this moment is looked at again, in milliseconds. */
const LOCKED_RETRY_MS = 100;
/** Somebody else is taking the slot at this moment. In milliseconds. */
const SHORTEST_CLOSED_MS = 5;
/** The longest wait before it is asked again whether deliveries are still paused, in milliseconds. */
const LONGEST_CLOSED_MS = 1_000;

/**
 * Claims notifications for sending: Postgres decides who may send, and when. One statement takes what may be sent now,
 * gives each a slot in the bot's and its chat's pace, counts the fence up, sets the lease, and writes the attempt as
 * started.
 *
 * A notification may be claimed if its epoch is the job's and it is due; one that failed or is unknown, if an operator
 * retried its job.
 *
 * @param requests in any order; of two for one notification only the first can get it.
 * @returns one result per request, in the requests' order.
 */
export async function claimNotifications(
  db: Kysely<Database>,
  requests: ClaimRequest[],
  { leaseMs, chatIntervalMs, tokenFingerprint, folding, ttlHours }: ClaimOptions,
): Promise<ClaimResult[]> {
  const lease = sql`${leaseMs}::double precision * interval '1 millisecond'`;
  const soon = sql`now() + ${GRANT_AHEAD_MS}::double precision * interval '1 millisecond'`;
  const { rows } = await sql<ClaimRow>`
    with wanted as (
      select * from unnest(
        ${requests.map((request) => request.notificationId)}::bigint[],
        ${requests.map((request) => request.epoch)}::integer[],
        ${requests.map((request) => request.run)}::integer[],
        ${requests.map((request) => request.token)}::text[]
      ) with ordinality as w (id, epoch, run, token, position)
    ), first_wanted as (
      select distinct on (id, epoch) * from wanted order by id, epoch, position
    ), pause as (
      select kind, paused_until from delivery_pauses
      where ended_at is null and (kind <> 'throttled' or paused_until > now())
        and (kind <> 'token' or token_fingerprint = ${tokenFingerprint})
      order by paused_until desc limit 1
    ), claimable as (
      select n.id, n.status, n.user_id, n.claim + (n.status <> 'sending')::integer as claim, w.run, w.token, w.position
      from first_wanted w join notifications n on n.id = w.id and n.epoch = w.epoch
      where not exists (select from pause)
        and ((n.status = 'pending' and n.due_at <= now()
            and n.pending_since > now() - ${ttlHours}::double precision * interval '1 hour')
          or (n.status in ('failed', 'unknown') and n.claimed_run < w.run)
          or (n.status = 'sending' and n.claim_token = w.token))
      order by n.id
      for update of n skip locked
    ), sendable as (
      -- One for each chat that is free now or soon, or that is its own already.
      select distinct on (u.telegram_id)
        c.*, u.telegram_id, u.contact_version, coalesce(s.free_at, now()) as chat_free_at
      from claimable c
        join users u on u.id = c.user_id
        left join chat_slots s on s.chat_id = u.telegram_id
      where u.telegram_id is not null and (coalesce(s.free_at, now()) <= ${soon} or c.status = 'sending')
      order by u.telegram_id, c.position
    ), free_slots as (
      select id, free_at from bot_slots where free_at <= ${soon}
      order by free_at limit (select count(*) from sendable)
      for update skip locked
    ), placed as (
      select s.*, f.id as slot_id,
        greatest(f.free_at, case when s.status <> 'sending' then s.chat_free_at end, now()) as starts_at
      from (select *, row_number() over (order by position) as place from sendable) s
        join (select *, row_number() over (order by free_at) as place from free_slots) f using (place)
    ), chat_taken as (
      -- Whoever takes a chat at the same moment waits here for the other's commit, and then finds it taken.
      insert into chat_slots as s (chat_id, free_at, notification_id, claim)
      select telegram_id, starts_at + ${lease}, id, claim from placed where ${chatIntervalMs} > 0 order by telegram_id
      on conflict (chat_id) do update
        set free_at = excluded.free_at, notification_id = excluded.notification_id, claim = excluded.claim
        where s.free_at <= ${soon} or (s.notification_id = excluded.notification_id and s.claim = excluded.claim)
      returning chat_id
    ), claimed as (
      update notifications n set
        status = 'sending', reason = null, updated_at = now(),
        claim = p.claim, claimed_run = p.run, claim_token = p.token,
        lease_until = p.starts_at + ${lease},
        retries = case when p.status in ('failed', 'unknown') then 0 else n.retries end,
        unknowns = case when p.status in ('failed', 'unknown') then 0 else n.unknowns end
      from placed p left join chat_taken t on t.chat_id = p.telegram_id
      where n.id = p.id and (t.chat_id is not null or ${chatIntervalMs} <= 0)
      returning n.id, n.ticket_id, n.claim, n.retries, n.unknowns, p.position, p.telegram_id, p.contact_version,
        p.slot_id, p.starts_at
    ), siblings as (
      select f.id, c.id as speaker
      from claimed c join notifications f on f.ticket_id = c.ticket_id and f.id <> c.id
      where ${folding} and f.status = 'pending'
      for update of f skip locked
    ), spoken_for as (
      -- With those that had been folded into a sibling before.
      select id, speaker from siblings
      union all
      select f.id, s.speaker from siblings s join notifications f on f.folded_into = s.id
    ), folded as (
      update notifications f
      set status = 'folded', reason = null, folded_into = s.speaker, updated_at = now()
      from spoken_for s where f.id = s.id
      returning f.id, f.folded_into
    ), slot_taken as (
      update bot_slots b set free_at = c.starts_at + ${lease}, grants = b.grants + 1
      from claimed c where b.id = c.slot_id
      returning b.id, b.grants
    ), started as (
      insert into notification_attempts (notification_id, claim) select id, claim from claimed
      on conflict do nothing
    )
    select
      c.claim as claimed, c.retries, c.unknowns, c.telegram_id, c.contact_version,
      st.id as slot_id, st.grants as slot_grant,
      -- By the clock of this moment: the statement itself has taken a few milliseconds.
      (extract(epoch from c.starts_at - clock_timestamp()) * 1000)::double precision as starts_in_ms,
      n.id, n.status, n.ticket_id, n.user_id, n.claim, n.request_id,
      n.epoch = w.epoch and (
          (n.status = 'pending' and n.pending_since > now() - ${ttlHours}::double precision * interval '1 hour')
          or (n.status in ('failed', 'unknown') and n.claimed_run < w.run))
        as waits,
      ${inMs(sql`n.due_at`)} as due_in_ms,
      n.id in (select id from folded) as folded,
      1 + (select count(*) from folded where folded_into = n.id)
        + (select count(*) from notifications before where before.folded_into = n.id) as replies,
      u.locale, u.telegram_id is null as unlinked, t.subject,
      -- While a send to the chat is under way nobody knows when it ends: the interval is as good a guess as any.
      case when ${chatIntervalMs} > 0 then least(coalesce(${inMs(sql`s.free_at`)}, 0), ${chatIntervalMs})
        + ${chatIntervalMs} * (row_number() over (partition by u.telegram_id order by w.position) - 1)
      end::double precision as chat_free_in_ms,
      (select kind from pause) as pause, ${inMs(sql`(select paused_until from pause)`)} as paused_for_ms,
      w.position in (select position from sendable) and w.position not in (select position from placed) as slotless,
      ${inMs(sql`(select min(free_at) from bot_slots where id not in (select slot_id from claimed))`)}
        as slot_free_in_ms
    from wanted w
      left join claimed c on c.position = w.position
      left join slot_taken st on st.id = c.slot_id
      left join notifications n on n.id = w.id
      left join users u on u.id = n.user_id
      left join support_tickets t on t.id = n.ticket_id
      left join chat_slots s on s.chat_id = u.telegram_id
    order by w.position`.execute(db);
  return rows.map(toResult);
}

const inMs = (time: ReturnType<typeof sql>) =>
  sql`(extract(epoch from ${time} - now()) * 1000)::double precision`;

type ClaimRow = {
  claimed: number | null;
  retries: number;
  unknowns: number;
  telegram_id: number;
  contact_version: number;
  slot_id: number;
  slot_grant: number;
  starts_in_ms: number;
  /** From here on everything is as it was before the claim; null if the notification is gone. */
  id: number;
  status: NotificationStatus | null;
  ticket_id: number;
  user_id: number;
  claim: number;
  request_id: string | null;
  /** It may be claimed by this job, now or later. */
  waits: boolean | null;
  due_in_ms: number;
  folded: boolean;
  replies: number;
  locale: string;
  unlinked: boolean;
  subject: string;
  chat_free_in_ms: number | null;
  pause: PauseKind | null;
  paused_for_ms: number | null;
  /** It only lacks a slot in the bot's pace. */
  slotless: boolean;
  /** The soonest slot that was not given out here; null if there is none at all. */
  slot_free_in_ms: number | null;
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
        replies: row.replies,
        slot: { id: row.slot_id, grant: row.slot_grant, startsInMs: Math.max(0, row.starts_in_ms) },
      },
    };
  }
  return refusal(row, ids);
}

/** Why a notification was not claimed, the first reason that fits. */
function refusal(
  row: ClaimRow,
  ids: Pick<Claim, 'notificationId' | 'ticketId' | 'userId' | 'requestId'>,
): ClaimResult {
  if (!row.waits || row.folded) return { kind: 'stale', status: row.status };
  if (row.due_in_ms > 0) return { kind: 'not_due', inMs: Math.ceil(row.due_in_ms) };
  if (row.unlinked) return { kind: 'unlinked', ...ids, claim: row.claim };
  if (row.pause) return closed(row.paused_for_ms ?? 0, row.pause);
  if (row.chat_free_in_ms !== null && row.chat_free_in_ms > GRANT_AHEAD_MS) {
    return { kind: 'not_due', inMs: Math.ceil(row.chat_free_in_ms) };
  }
  // Asked again half-way between the moment when the slot is given out and the moment when it is free.
  if (row.slotless) return closed((row.slot_free_in_ms ?? LONGEST_CLOSED_MS) - GRANT_AHEAD_MS / 2, null);
  return { kind: 'not_due', inMs: LOCKED_RETRY_MS };
}

const closed = (inMs: number, pause: PauseKind | null): ClaimResult => ({
  kind: 'closed',
  inMs: Math.ceil(Math.min(Math.max(inMs, SHORTEST_CLOSED_MS), LONGEST_CLOSED_MS)),
  pause,
});
