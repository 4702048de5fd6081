import { type RawBuilder, sql } from 'kysely';
import { explainRefusals, mayBeClaimed, pausesHoldingBack, type Refusal } from './claim-refusals.ts';
import type { Claim, ClaimOptions, ClaimRequest } from './claim-terms.ts';
import { milliseconds } from './durations.ts';
import { foldSiblings } from './folding.ts';
import { GRANT_AHEAD_MS } from './pace.ts';
import type { Db } from './schema.ts';
import { giveBackTrial, type Trial, takeTrial } from './throttle.ts';

export type ClaimResult = { kind: 'claimed'; claim: Claim } | Refusal;

/**
 * Claims notifications for sending: Postgres decides who may send, and when. One statement takes what may be sent now,
 * gives each a slot in the bot's and its chat's pace, counts the fence up, sets the lease, and writes the attempt as
 * started. Only where there is more to say a second one folds waiting siblings, and a third tells why the others may not
 * be sent. When the time that a 429 asked for has passed, one of them is claimed all the same, on trial.
 *
 * A notification may be claimed if its epoch is the job's and it is due; one that failed or is unknown, if an operator
 * retried its job: then with fresh counts and a fresh time to live.
 *
 * @param requests in any order; of two for one notification only the first can get it.
 * @returns one result per request, in the requests' order.
 */
export async function claimNotifications(
  db: Db,
  requests: ClaimRequest[],
  options: ClaimOptions,
): Promise<ClaimResult[]> {
  const askedAtMs = performance.now();
  const rows = await takeClaims(db, requests, options);
  const answeredAtMs = performance.now();
  const startsAtMs = (row: ClaimRow) =>
    options.clock.toLocalMs(row.starts_at_ms, { clockMs: row.clock_ms, askedAtMs, answeredAtMs });
  const replies = await foldSiblings(
    db,
    rows.filter((row) => row.claim !== null && row.has_siblings).map((row) => row.id),
    options.folding,
  );
  const results = new Map<number, ClaimResult>();
  for (const row of rows) {
    if (row.claim === null) continue;
    const claim = toClaim(row, row.claim, {
      replies: replies.get(row.id) ?? 1,
      startsAtMs: startsAtMs(row),
      trial: options.trial ?? null,
    });
    results.set(row.position, { kind: 'claimed', claim });
  }
  const refused = requests.flatMap((request, index) =>
    results.has(index + 1) ? [] : [{ ...request, position: index + 1 }],
  );
  const slotless = new Set(rows.filter((row) => row.slotless).map((row) => row.position));
  const refusals = await explainRefusals(db, refused, slotless, options);
  for (const { position, refusal } of refusals) results.set(position, refusal);
  const candidate = refusals.find(({ refusal }) => refusal.kind === 'on_trial');
  if (candidate) {
    const trial = await claimOnTrial(db, requests[candidate.position - 1], options);
    if (trial) results.set(candidate.position, trial);
  }
  return requests.map((_, index) => {
    const result = results.get(index + 1);
    if (!result) throw new Error('A claim was neither given nor refused');
    return result;
  });
}

/** Claims the notification if no other trial is under way: then it is claimed, or refused for a reason of its own. */
async function claimOnTrial(
  db: Db,
  request: ClaimRequest | undefined,
  options: ClaimOptions,
): Promise<ClaimResult | undefined> {
  const trial = request && (await takeTrial(db, options.leaseMs));
  if (!trial) return undefined;
  const [result] = await claimNotifications(db, [request], { ...options, trial });
  if (result?.kind !== 'claimed') await giveBackTrial(db, trial);
  return result;
}

/** The claims, and those that may be sent but found no slot. */
async function takeClaims(db: Db, requests: ClaimRequest[], options: ClaimOptions): Promise<ClaimRow[]> {
  const { leaseMs, spacingMs, chatIntervalMs, folding, ttlHours } = options;
  const lease = milliseconds(leaseMs);
  const soon = sql`now() + ${milliseconds(GRANT_AHEAD_MS)}`;
  const { rows } = await sql<ClaimRow>`
    with wanted as (
      select * from unnest(
        ${requests.map((request) => request.notificationId)}::bigint[],
        ${requests.map((request) => request.epoch)}::integer[],
        ${requests.map((request) => request.run)}::integer[],
        ${requests.map((request) => request.token)}::text[]
      ) with ordinality as w (id, epoch, run, token, position)
    ), claimable as (
      select n.id, n.status, n.claim + (n.status <> 'sending')::integer as claim, w.run, w.token, w.position,
        u.telegram_id, u.contact_version, u.unreachable_reason is not null as was_unreachable, u.locale, coalesce(s.free_at, now()) as chat_free_at
      from wanted w
        join notifications n on n.id = w.id and n.epoch = w.epoch
        join users u on u.id = n.user_id
        left join chat_slots s on s.chat_id = u.telegram_id
      where not exists (select from (${pausesHoldingBack(options)}) as pause)
        and u.telegram_id is not null and u.muted_at is null
        and (s.free_at is null or s.free_at <= ${soon} or n.status = 'sending')
        and ${mayBeClaimed({ ttlHours })} and (n.status <> 'pending' or n.due_at <= now())
      order by n.id
      for update of n skip locked
    ), sendable as (
      -- One for each chat, as the next one has to wait for its answer.
      select distinct on (telegram_id) * from claimable order by telegram_id, position
    ), free_slots as (
      select id, free_at from bot_slots where free_at <= ${soon}
      order by free_at limit (select count(*) from sendable)
      for update skip locked
    ), placed as (
      select s.*, f.id as slot_id,
        greatest(f.free_at, case when s.status <> 'sending' then s.chat_free_at end,
          greatest(f.first_free_at, now()) + (place - 1) * ${milliseconds(spacingMs)}
        ) as starts_at
      from (
        -- A chat that is free later takes a later slot: it would hold an earlier one without using it.
        select *, row_number() over (order by greatest(chat_free_at, now()), position) as place from sendable
      ) s
        join (
          select *, row_number() over (order by free_at) as place, min(free_at) over () as first_free_at
          from free_slots
        ) f using (place)
    )${chatIntervalMs > 0 ? takeChats(lease, soon) : sql``}, claimed as (
      update notifications n set
        status = 'sending', reason = null, updated_at = now(),
        claim = p.claim, claimed_run = p.run, claim_token = p.token,
        lease_until = p.starts_at + ${lease},
        retries = case when p.status in ('failed', 'unknown') then 0 else n.retries end,
        unknowns = case when p.status in ('failed', 'unknown') then 0 else n.unknowns end,
        pending_since = case when p.status in ('failed', 'unknown') then now() else n.pending_since end
      from placed p${chatIntervalMs > 0 ? sql` join chat_taken on chat_id = p.telegram_id` : sql``}
      where n.id = p.id
      returning n.id, n.ticket_id, n.user_id, n.claim, n.retries, n.unknowns, n.request_id, n.subject, n.button_url,
        n.message_id, coalesce(n.locale, p.locale) as locale, p.position, p.slot_id, p.starts_at
    ), slot_taken as (
      update bot_slots b set free_at = c.starts_at + ${lease}, grants = b.grants + 1
      from claimed c where b.id = c.slot_id
      returning b.id, b.grants
    ), started as (
      insert into notification_attempts (notification_id, claim) select id, claim from claimed
      on conflict do nothing
    )
    select s.id, s.position, s.telegram_id, s.contact_version, s.was_unreachable, p.id is null as slotless,
      c.claim, c.ticket_id, c.user_id, c.retries, c.unknowns, c.request_id, c.locale, c.button_url,
      coalesce(c.subject, t.subject) as subject, c.slot_id, b.grants as slot_grant,
      (extract(epoch from c.starts_at) * 1000)::double precision as starts_at_ms,
      (extract(epoch from clock_timestamp()) * 1000)::double precision as clock_ms,
      (${folding} and exists (
        select from notifications f
        where f.ticket_id = c.ticket_id and f.id <> c.id and f.status = 'pending'
      )) or exists (select from notifications f where f.folded_into = c.id) as has_siblings
    from sendable s
      left join placed p on p.id = s.id
      left join claimed c on c.id = s.id
      left join slot_taken b on b.id = c.slot_id
      left join support_tickets t on t.id = c.ticket_id and c.message_id is not null`.execute(db);
  return rows;
}

/** Whoever takes a chat at the same moment waits here for the other's commit, and then finds it taken. */
const takeChats = (lease: RawBuilder<unknown>, soon: RawBuilder<unknown>) => sql`, chat_taken as (
      insert into chat_slots as s (chat_id, free_at, notification_id, claim)
      select telegram_id, starts_at + ${lease}, id, claim from placed order by telegram_id
      on conflict (chat_id) do update
        set free_at = excluded.free_at, notification_id = excluded.notification_id, claim = excluded.claim
        where s.free_at <= ${soon} or (s.notification_id = excluded.notification_id and s.claim = excluded.claim)
      returning chat_id
    )`;

type ClaimRow = {
  id: number;
  position: number;
  telegram_id: number;
  contact_version: number;
  was_unreachable: boolean;
  /** It only lacks a slot in the bot's pace. */
  slotless: boolean;
  /** From here on null if it was not claimed. */
  claim: number | null;
  ticket_id: number;
  user_id: number;
  retries: number;
  unknowns: number;
  request_id: string | null;
  locale: string;
  button_url: string | null;
  subject: string;
  slot_id: number;
  slot_grant: number;
  /** By the server's clock, as it stood at `clock_ms` when the row was made. */
  starts_at_ms: number;
  clock_ms: number;
  has_siblings: boolean;
};

function toClaim(
  row: ClaimRow,
  claim: number,
  { replies, startsAtMs, trial }: { replies: number; startsAtMs: number; trial: Trial | null },
): Claim {
  return {
    notificationId: row.id,
    ticketId: row.ticket_id,
    userId: row.user_id,
    claim,
    telegramId: row.telegram_id,
    contactVersion: row.contact_version,
    wasUnreachable: row.was_unreachable,
    locale: row.locale,
    subject: row.subject,
    buttonUrl: row.button_url,
    requestId: row.request_id,
    retries: row.retries,
    unknowns: row.unknowns,
    replies,
    trial,
    slot: { id: row.slot_id, grant: row.slot_grant, startsAtMs },
  };
}
