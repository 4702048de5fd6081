import { type RawBuilder, sql } from 'kysely';
import { notifyOfPause } from './pause-notice.ts';
import type { Db, PauseKind } from './schema.ts';

export type Pause = {
  kind: PauseKind;
  /** A stable code. */
  reason: string;
  /** Telegram's own words, or the network's. */
  detail: string | null;
  since: Date;
  /**
   * `throttled`: when one send tries again; while it does, when the next one may. `outage`, `token`: when the next probe
   * may go out. `operator`: null, until it is lifted.
   */
  pausedUntil: Date | null;
  /** Probes that failed so far. */
  probes: number;
};

/** A pause that ends when a probe succeeds. */
export type ProbedPause = Pause & {
  kind: 'outage' | 'token';
  pausedUntil: Date;
  /** With `token`: of the token that was refused. Otherwise empty. */
  tokenFingerprint: string;
};

/** Of a row of `delivery_pauses`: it is in force. For a 429: the time that it asked for runs. */
export const inForce = sql<boolean>`(ended_at is null and (kind <> 'throttled' or paused_until > now()))`;

/** Of a row of `delivery_pauses`: it holds back whoever sends with this token. */
export const holdsBack = (tokenFingerprint: string) =>
  sql<boolean>`(kind <> 'token' or token_fingerprint = ${tokenFingerprint})`;

const FIRST_PROBE_MS = 1_000;
const LONGEST_PROBE_MS = 60_000;
/** Of pauses that hold for workers with any token. */
const ANY_TOKEN = '';
/** A probe is taken within seconds: a pause whose probe is overdue for longer is of a token that no worker has. */
const ABANDONED_AFTER = sql`interval '10 seconds'`;
/** How long after its end a pause may begin again where it was. */
export const LATELY = sql`interval '2 minutes'`;

/**
 * Pauses all deliveries until a probe succeeds; for a refused token those of workers with this token. A pause of this kind
 * (and token) that is in force stays as it is; one that ended lately begins again with the interval that it had reached,
 * as the probe has told too little.
 *
 * @returns whether it began now.
 */
export async function pauseUntilProbed(
  db: Db,
  pause: { kind: 'outage' | 'token'; reason: string; detail: string; tokenFingerprint: string },
): Promise<boolean> {
  const fingerprint = pause.kind === 'token' ? pause.tokenFingerprint : ANY_TOKEN;
  const { rows } = await sql`
    with began as (
      insert into delivery_pauses as p (kind, reason, detail, paused_until, token_fingerprint)
      values (${pause.kind}, ${pause.reason}, ${pause.detail}, now() + ${probeInterval(sql`0`)}, ${fingerprint})
      on conflict (kind, token_fingerprint) do update set
        reason = excluded.reason, detail = excluded.detail,
        since = now(), ended_at = null,
        probes = case when p.ended_at > now() - ${LATELY} then p.probes else 0 end,
        paused_until = now() + ${probeInterval(sql`case when p.ended_at > now() - ${LATELY} then p.probes else 0 end`)}
        where p.ended_at is not null
      returning kind
    )
    select ${notifyOfPause(pause.kind, fingerprint)} from began`.execute(db);
  return rows.length > 0;
}

/** A time that never comes, and that arithmetic can still reach. */
const NEVER_BY_ITSELF = sql`now() + interval '100 years'`;
/**
 * Pauses the deliveries until somebody resumes them. One that is in force keeps its beginning.
 *
 * @param detail who paused, and why.
 */
export async function pauseByOperator(db: Db, detail: string): Promise<void> {
  await sql`
    with paused as (
      insert into delivery_pauses as p (kind, reason, detail, paused_until)
      values ('operator', 'paused_by_operator', ${detail}, ${NEVER_BY_ITSELF})
      on conflict (kind, token_fingerprint) do update set
        detail = excluded.detail, paused_until = excluded.paused_until,
        since = case when p.ended_at is null then p.since else now() end, ended_at = null
    )
    select ${notifyOfPause('operator', ANY_TOKEN)}`.execute(db);
}

/** Twice as long after each probe, at most a minute. */
const probeInterval = (probes: RawBuilder<unknown>) =>
  sql`least(${LONGEST_PROBE_MS}::integer, ${FIRST_PROBE_MS}::integer * power(2, least(${probes}, 16))) * interval '1 millisecond'`;

/**
 * Takes the next probe of a pause if it is due; of all workers only one gets it. The time of the one after is set at
 * once.
 */
export async function takeProbe(db: Db, tokenFingerprint: string): Promise<ProbedPause | undefined> {
  const { rows } = await sql<ProbedPause>`
    update delivery_pauses set
      probes = probes + 1, paused_until = now() + ${probeInterval(sql`probes + 1`)}
    where (kind, token_fingerprint) = (
      select kind, token_fingerprint from delivery_pauses
      where kind in ('outage', 'token') and ${inForce} and paused_until <= now() and ${holdsBack(tokenFingerprint)}
      limit 1 for update skip locked
    )
    returning kind, reason, detail, since, paused_until as "pausedUntil", probes, token_fingerprint as "tokenFingerprint"`.execute(
    db,
  );
  return rows[0];
}

/**
 * Deliveries go on: the workers' next claims, within a second, find no pause.
 *
 * @param tokenFingerprint with `token`: whose pause ends. Those of other tokens stay.
 * @returns whether one of this kind was in force.
 */
export async function endPause(
  db: Db,
  kind: Exclude<PauseKind, 'throttled'>,
  tokenFingerprint = ANY_TOKEN,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update delivery_pauses set ended_at = now()
    where kind = ${kind} and token_fingerprint = ${tokenFingerprint} and ended_at is null`.execute(db);
  return Number(numAffectedRows ?? 0) > 0;
}

/**
 * Asks the workers with any other token to probe at once: so, when a worker starts with a new token, it shows within
 * seconds whether somebody still has an old one. Lifts no pause.
 */
export async function askForProbes(db: Db, ownFingerprint: string): Promise<void> {
  await sql`
    update delivery_pauses set paused_until = least(paused_until, now())
    where kind = 'token' and token_fingerprint <> ${ownFingerprint} and ended_at is null`.execute(db);
}

/** While one send tries whether a 429 is over, all others wait. */
const heldUntil = sql`greatest(paused_until, trial_until)`;

/** The pauses that hold back deliveries now, of every kind; of refused tokens those that a worker has, one each. */
export async function findPauses(db: Db): Promise<Pause[]> {
  return db
    .selectFrom('delivery_pauses')
    .select(['kind', 'reason', 'detail', 'since', 'probes'])
    .select(sql<Date | null>`case when kind <> 'operator' then ${heldUntil} end`.as('pausedUntil'))
    .where('ended_at', 'is', null)
    .where(sql<boolean>`(kind <> 'throttled' or ${heldUntil} > now())`)
    .where(sql<boolean>`(kind <> 'token' or paused_until > now() - ${ABANDONED_AFTER})`)
    .orderBy('since')
    .execute();
}
