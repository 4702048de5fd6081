import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database, PauseKind } from './schema.ts';

export type Pause = {
  kind: PauseKind;
  /** A stable code. */
  reason: string;
  /** Telegram's own words, or the network's. */
  detail: string | null;
  since: Date;
  /** `throttled`: the end. `outage`, `token`: when the next probe may go out. `operator`: null, until it is lifted. */
  pausedUntil: Date | null;
  /** Probes that failed so far. */
  probes: number;
};

/** A pause that ends when a probe succeeds. */
export type ProbedPause = Pause & { kind: 'outage' | 'token'; pausedUntil: Date };

/** The channel on which workers tell one another at once of pauses that begin; the payload is the time in milliseconds. */
export const PAUSE_CHANNEL = 'replybell_pause';

/** Of a row of `delivery_pauses`: it is in force. A throttled one ends by itself. */
export const inForce = sql<boolean>`(ended_at is null and (kind <> 'throttled' or paused_until > now()))`;

/** Of a row of `delivery_pauses`: it holds back whoever sends with this token. */
export const holdsBack = (tokenFingerprint: string) =>
  sql<boolean>`(kind <> 'token' or token_fingerprint = ${tokenFingerprint})`;

const FIRST_PROBE_MS = 1_000;
const LONGEST_PROBE_MS = 60_000;
/** How long after its end a pause may begin again where it was. */
const LATELY = sql`interval '2 minutes'`;

/** No claim succeeds before the time has passed; a longer pause that runs already stays. */
export async function pauseThrottled(
  db: Kysely<Database>,
  { retryAfterMs, reason, detail }: { retryAfterMs: number; reason: string; detail: string },
): Promise<void> {
  await sql`
    with paused as (
      insert into delivery_pauses (kind, reason, detail, paused_until)
      values ('throttled', ${reason}, ${detail}, now() + ${retryAfterMs}::double precision * interval '1 millisecond')
      on conflict (kind) do update set
        reason = excluded.reason, detail = excluded.detail,
        since = case when delivery_pauses.paused_until < now() then now() else delivery_pauses.since end,
        paused_until = greatest(delivery_pauses.paused_until, excluded.paused_until)
    )
    select pg_notify(${PAUSE_CHANNEL}, ${String(retryAfterMs)})`.execute(db);
}

/**
 * Pauses all deliveries until a probe succeeds. A pause of this kind that is in force stays as it is; one that ended
 * lately begins again with the interval that it had reached, as the probe has told too little.
 *
 * @returns whether it began now.
 */
export async function pauseUntilProbed(
  db: Kysely<Database>,
  pause: { kind: 'outage' | 'token'; reason: string; detail: string; tokenFingerprint: string },
): Promise<boolean> {
  const { rows } = await sql<{ began: boolean }>`
    with paused as (
      insert into delivery_pauses as p (kind, reason, detail, paused_until, token_fingerprint)
      values (${pause.kind}, ${pause.reason}, ${pause.detail}, now() + ${probeInterval(sql`0`)}, ${pause.tokenFingerprint})
      on conflict (kind) do update set
        reason = excluded.reason, detail = excluded.detail, token_fingerprint = excluded.token_fingerprint,
        since = now(), ended_at = null,
        probes = case when p.ended_at > now() - ${LATELY} then p.probes else 0 end,
        paused_until = now() + ${probeInterval(sql`case when p.ended_at > now() - ${LATELY} then p.probes else 0 end`)}
        where p.ended_at is not null or (p.kind = 'token' and p.token_fingerprint <> excluded.token_fingerprint)
      returning kind
    )
    select count(*) > 0 as began, pg_notify(${PAUSE_CHANNEL}, ${String(FIRST_PROBE_MS)}) from paused`.execute(
    db,
  );
  return rows[0]?.began ?? false;
}

/** A time that never comes, and that arithmetic can still reach. */
const NEVER_BY_ITSELF = sql`now() + interval '100 years'`;
/** For so long workers hold back at once what has its slot already; then their claims ask for the pause. */
const HELD_AT_ONCE_MS = 1_000;

/**
 * Pauses the deliveries until somebody resumes them. One that is in force keeps its beginning.
 *
 * @param detail who paused, and why.
 */
export async function pauseByOperator(db: Kysely<Database>, detail: string): Promise<void> {
  await sql`
    with paused as (
      insert into delivery_pauses as p (kind, reason, detail, paused_until)
      values ('operator', 'paused_by_operator', ${detail}, ${NEVER_BY_ITSELF})
      on conflict (kind) do update set
        detail = excluded.detail, paused_until = excluded.paused_until,
        since = case when p.ended_at is null then p.since else now() end, ended_at = null
    )
    select pg_notify(${PAUSE_CHANNEL}, ${String(HELD_AT_ONCE_MS)})`.execute(db);
}

/** Twice as long after each probe, at most a minute. */
const probeInterval = (probes: RawBuilder<unknown>) =>
  sql`least(${LONGEST_PROBE_MS}::integer, ${FIRST_PROBE_MS}::integer * power(2, least(${probes}, 16))) * interval '1 millisecond'`;

/**
 * Takes the next probe of a pause if it is due; of all workers only one gets it. The time of the one after is set at
 * once.
 */
export async function takeProbe(
  db: Kysely<Database>,
  tokenFingerprint: string,
): Promise<ProbedPause | undefined> {
  const { rows } = await sql<ProbedPause>`
    update delivery_pauses set
      probes = probes + 1, paused_until = now() + ${probeInterval(sql`probes + 1`)}
    where kind = (
      select kind from delivery_pauses
      where kind in ('outage', 'token') and ${inForce} and paused_until <= now() and ${holdsBack(tokenFingerprint)}
      limit 1 for update skip locked
    )
    returning kind, reason, detail, since, paused_until as "pausedUntil", probes`.execute(db);
  return rows[0];
}

/**
 * Deliveries go on: the workers' next claims, within a second, find no pause.
 *
 * @returns whether one of this kind was in force.
 */
export async function endPause(
  db: Kysely<Database>,
  kind: Exclude<PauseKind, 'throttled'>,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update delivery_pauses set ended_at = now() where kind = ${kind} and ended_at is null`.execute(db);
  return Number(numAffectedRows ?? 0) > 0;
}

/**
 * Removes pauses for tokens that nobody uses any more: those of other tokens when a worker starts with a new one, and
 * those that nobody has probed for long. A worker that still has such a token pauses again at its next refusal.
 */
export async function forgetOldTokens(db: Kysely<Database>, currentFingerprint?: string): Promise<void> {
  await sql`
    delete from delivery_pauses
    where kind = 'token' and (token_fingerprint <> ${currentFingerprint ?? null}
      or paused_until < now() - 2 * ${LONGEST_PROBE_MS} * interval '1 millisecond')`.execute(db);
}

/** The pauses that are in force, of every kind. */
export async function findPauses(db: Kysely<Database>): Promise<Pause[]> {
  return db
    .selectFrom('delivery_pauses')
    .select(['kind', 'reason', 'detail', 'since', 'probes'])
    .select(sql<Date | null>`case when kind <> 'operator' then paused_until end`.as('pausedUntil'))
    .where(inForce)
    .orderBy('since')
    .execute();
}
