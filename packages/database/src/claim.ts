import { type RawBuilder, sql } from 'kysely';
import { explainRefusals, mayBeClaimed, pausesHoldingBack, type Refusal } from './claim-refusals.ts';
import type { Claim, ClaimOptions, ClaimRequest } from './claim-terms.ts';
import { milliseconds } from './durations.ts';
import { foldSiblings } from './folding.ts';
import { CLAIM_TO_SEND_MS, GRANT_AHEAD_MS } from './pace.ts';
import { releaseClaims } from './release-claims.ts';
import type { Db } from './schema.ts';
import { giveBackTrial, takeTrial } from './throttle.ts';

export type ClaimResult = { kind: 'claimed'; claim: Claim } | Refusal;

/**
 * Claims notifications for sending: Postgres decides who may send, and when.
 *
 * 1. Takes what may be sent now (`takeClaims`).
 * 2. Folds what waits at the same ticket into it, where there is such (`folding.ts`).
 * 3. Tells why the others may not be sent, if there are others (`claim-refusals.ts`).
 * 4. When the time that a 429 asked for has passed, claims one of them all the same, on trial (`throttle.ts`).
 *
 * Each is a statement of its own. What a request may have taken whose answer was lost is given back before.
 *
 * @param requests in any order; of two for one notification only the first can get it.
 * @returns one result per request, in the requests' order.
 */
export async function claimNotifications(
  db: Db,
  requests: ClaimRequest[],
  options: ClaimOptions,
): Promise<ClaimResult[]> {
  const repeated = requests.filter(({ isRepeated }) => isRepeated);
  if (repeated.length > 0) await releaseClaims(db, repeated, options.leaseMs);
  const taken = await takeClaims(db, requests, options);
  try {
    return await answerEach(db, requests, taken, options);
  } catch (error) {
    // Whoever is asked again, by itself too, must not find its own claim in the way.
    for (const request of requests) request.isRepeated = true;
    throw error;
  }
}

async function answerEach(
  db: Db,
  requests: ClaimRequest[],
  taken: Taken[],
  options: ClaimOptions,
): Promise<ClaimResult[]> {
  const speakers = taken.flatMap(({ claim, hasSiblings }) => (claim && hasSiblings ? [claim] : []));
  const replies = await foldSiblings(db, speakers, options.folding);
  const results = new Map<number, ClaimResult>();
  for (const { position, claim } of taken) {
    if (!claim) continue;
    const told = replies.get(claim.notificationId) ?? 1;
    results.set(position, { kind: 'claimed', claim: { ...claim, replies: told } });
  }

  const refused = requests.flatMap((request, position) =>
    results.has(position) ? [] : [{ ...request, position }],
  );
  const slotless = new Set(taken.flatMap(({ position, slotless }) => (slotless ? [position] : [])));
  const refusals = await explainRefusals(db, refused, slotless, options);
  for (const { position, refusal } of refusals) results.set(position, refusal);

  const waiting = refusals.find(({ refusal }) => refusal.kind === 'on_trial');
  const candidate = waiting && requests[waiting.position];
  const tried = candidate && (await claimOnTrial(db, candidate, options));
  if (tried) results.set(waiting.position, tried);
  return requests.map((_, position) => {
    const result = results.get(position);
    if (!result) throw new Error('A claim was neither given nor refused');
    return result;
  });
}

/** Claims the notification if no other trial is under way: then it is claimed, or refused for a reason of its own. */
async function claimOnTrial(
  db: Db,
  request: ClaimRequest,
  options: ClaimOptions,
): Promise<ClaimResult | undefined> {
  const trial = await takeTrial(db, options.leaseMs);
  if (!trial) return undefined;
  try {
    const [result] = await claimNotifications(db, [request], { ...options, trial });
    if (result?.kind !== 'claimed') await giveBackTrial(db, trial);
    return result;
  } catch (error) {
    await giveBackTrial(db, trial).catch(() => {});
    throw error;
  }
}

/** One that may be sent: with its claim, or without, as no slot of the bot's pace is free or its chat was just taken. */
type Taken = {
  position: number;
  slotless: boolean;
  claim: Omit<Claim, 'replies'> | null;
  /** Others of its ticket wait, or were folded into it before. */
  hasSiblings: boolean;
};

/**
 * Takes what may be sent now: one statement for all, as each round trip costs the pace. It reads from top to bottom:
 *
 *     wanted       the requests
 *     claimable    whose notification may be sent now. Locked; what somebody else holds is left out, so nobody waits
 *     sendable     one for each chat, as the next one has to wait for its answer
 *     free_slots   as many slots of the bot's pace, or as there are
 *     placed       each with its slot, and with the moment when its send may begin
 *     chat_taken   whose chat nobody else has taken meanwhile
 *     claimed      the fence counts up, the lease is set
 *     slot_taken   the slot is held as long as the lease
 *     started      the attempt is written down
 */
async function takeClaims(db: Db, requests: ClaimRequest[], options: ClaimOptions): Promise<Taken[]> {
  const lease = milliseconds(options.leaseMs);
  const soon = sql`now() + ${milliseconds(GRANT_AHEAD_MS)}`;
  const chat = options.chatIntervalMs > 0 ? takeChats(lease, soon) : { taken: sql``, join: sql`` };
  const askedAtMs = performance.now();
  const { rows } = await sql<ClaimRow>`
    with wanted as (
      select * from unnest(
        ${requests.map((request) => request.notificationId)}::bigint[],
        ${requests.map((request) => request.epoch)}::integer[],
        ${requests.map((request) => request.run)}::integer[],
        ${requests.map((request) => request.token)}::text[]
      ) with ordinality as w (id, epoch, run, token, position)
    ), claimable as (
      select n.id, w.run, w.token, w.position,
        n.claim + 1 as claim, n.status in ('failed', 'unknown') as is_retried, -- By an operator, in Bull Board.
        u.telegram_id, u.contact_version, u.unreachable_reason is not null as was_unreachable, u.locale,
        coalesce(s.free_at, now()) as chat_free_at
      from wanted w
        join notifications n on n.id = w.id and n.epoch = w.epoch
        join users u on u.id = n.user_id
        left join chat_slots s on s.chat_id = u.telegram_id
      where not exists (select from (${pausesHoldingBack(options)}) as pause)
        and u.telegram_id is not null and u.muted_at is null
        and (s.free_at is null or s.free_at <= ${soon})
        and ${mayBeClaimed(options)} and (n.status <> 'pending' or n.due_at <= now())
      order by n.id
      for update of n skip locked
    ), sendable as (
      select distinct on (telegram_id) * from claimable order by telegram_id, position
    ), free_slots as (
      select id, free_at from bot_slots where free_at <= ${soon}
      order by free_at limit (select count(*) from sendable)
      for update skip locked
    ), placed as (
      select s.*, f.id as slot_id,
        greatest(f.free_at, s.chat_free_at,
          greatest(f.first_free_at, now()) + (place - 1) * ${milliseconds(options.spacingMs)}
        ) as starts_at
      from (
        -- A chat that is free later takes a later slot: it would hold an earlier one without using it.
        select *, row_number() over (order by greatest(chat_free_at, now()), position) as place from sendable
      ) s
        join (
          select *, row_number() over (order by free_at) as place, min(free_at) over () as first_free_at
          from free_slots
        ) f using (place)
    )${chat.taken}, claimed as (
      update notifications n set
        status = 'sending', reason = null, updated_at = now(),
        claim = p.claim, claimed_run = p.run, claim_token = p.token, lease_until = p.starts_at + ${lease},
        retries = case when p.is_retried then 0 else n.retries end,
        unknowns = case when p.is_retried then 0 else n.unknowns end,
        pending_since = case when p.is_retried then now() else n.pending_since end
      from placed p ${chat.join}
      where n.id = p.id
      returning n.id, n.ticket_id, n.user_id, n.claim, n.retries, n.unknowns, n.request_id, n.subject, n.button_url,
        coalesce(n.locale, p.locale) as locale, p.position, p.slot_id, p.starts_at
    ), slot_taken as (
      update bot_slots b set free_at = c.starts_at + ${lease}, notification_id = c.id, claim = c.claim
      from claimed c where b.id = c.slot_id
    ), started as (
      insert into notification_attempts (notification_id, claim) select id, claim from claimed
    )
    select s.position - 1 as position, p.id is null as slotless, c.claim as fence, s.token,
      s.id as "notificationId", c.ticket_id as "ticketId", c.user_id as "userId",
      s.telegram_id as "telegramId", s.contact_version as "contactVersion", s.was_unreachable as "wasUnreachable",
      c.locale, coalesce(c.subject, t.subject) as subject, c.button_url as "buttonUrl",
      c.request_id as "requestId", c.retries, c.unknowns, c.slot_id as "slotId",
      (extract(epoch from c.starts_at) * 1000)::double precision as "startsAtMs",
      (extract(epoch from clock_timestamp()) * 1000)::double precision as "clockMs",
      (${options.folding} and exists (
        select from notifications f
        where f.ticket_id = c.ticket_id and f.id <> c.id and f.status = 'pending'
      )) or exists (select from notifications f where f.folded_into = c.id) as "hasSiblings"
    from sendable s
      left join placed p on p.id = s.id
      left join claimed c on c.id = s.id
      left join support_tickets t on t.id = c.ticket_id`.execute(db);
  const answeredAtMs = performance.now();
  return rows.map(({ position, slotless, hasSiblings, slotId, startsAtMs, clockMs, ...claim }) => {
    const slot = {
      id: slotId,
      startsAtMs: options.clock.toLocalMs(startsAtMs, { clockMs, askedAtMs, answeredAtMs }),
      beginsByMs: askedAtMs + CLAIM_TO_SEND_MS,
    };
    const given = isGiven(claim) ? { ...claim, slot, trial: options.trial ?? null } : null;
    return { position, slotless, hasSiblings, claim: given };
  });
}

type Given = Omit<Claim, 'replies' | 'slot' | 'trial'>;

/** What comes of a claim is null where its fence is. */
type ClaimRow = Omit<Given, 'fence'> & {
  position: number;
  slotless: boolean;
  fence: number | null;
  hasSiblings: boolean;
  slotId: number;
  /** By the server's clock, as it stood at `clockMs` when the row was made. */
  startsAtMs: number;
  clockMs: number;
};

const isGiven = (row: Omit<Given, 'fence'> & { fence: number | null }): row is Given => row.fence !== null;

/** Whoever takes a chat at the same moment waits here for the other's commit, and then finds it taken. */
const takeChats = (lease: RawBuilder<unknown>, soon: RawBuilder<unknown>) => ({
  taken: sql`, chat_taken as (
      insert into chat_slots as s (chat_id, free_at, notification_id, claim)
      select telegram_id, starts_at + ${lease}, id, claim from placed order by telegram_id
      on conflict (chat_id) do update
        set free_at = excluded.free_at, notification_id = excluded.notification_id, claim = excluded.claim
        where s.free_at <= ${soon}
      returning chat_id
    )`,
  join: sql`join chat_taken on chat_id = p.telegram_id`,
});
