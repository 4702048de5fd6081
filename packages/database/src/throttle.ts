import { sql } from 'kysely';
import { milliseconds } from './durations.ts';
import { notifyOfPause } from './pause-notice.ts';
import type { Db } from './schema.ts';

/**
 * A 429 pauses all deliveries until the time that it asks for has passed. Whether Telegram takes messages again then, a
 * single send finds out for all workers: the trial. The pause ends with its answer, unless that is another 429. A trial
 * whose worker dies runs out, and another follows.
 */

/**
 * No claim succeeds before the time has passed; a longer pause that is in force stays.
 *
 * @returns whether it began now.
 */
export async function pauseThrottled(
  db: Db,
  { retryAfterMs, reason, detail }: { retryAfterMs: number; reason: string; detail: string },
): Promise<boolean> {
  const { rows } = await sql<{ began: boolean }>`
    with before as (
      select from delivery_pauses where kind = 'throttled' and ended_at is null
    ), paused as (
      insert into delivery_pauses as p (kind, reason, detail, paused_until)
      values ('throttled', ${reason}, ${detail}, now() + ${milliseconds(retryAfterMs)})
      on conflict (kind, token_fingerprint) do update set
        reason = excluded.reason, detail = excluded.detail,
        since = case when p.ended_at is null then p.since else now() end,
        paused_until = case when p.ended_at is null then greatest(p.paused_until, excluded.paused_until)
          else excluded.paused_until end,
        ended_at = null, trial_until = null
    )
    select not exists (select from before) as began, ${notifyOfPause('throttled', '')}`.execute(db);
  return rows[0]?.began ?? false;
}

/** A trial that is under way: when it runs out, word for word as Postgres wrote it, which tells it from all others. */
export type Trial = string;

/**
 * Lets the caller try whether Telegram takes messages again; of all workers one at a time.
 *
 * @param leaseMs another may try after so many milliseconds if nobody tells how this trial went.
 * @returns undefined if it may not.
 */
export async function takeTrial(db: Db, leaseMs: number): Promise<Trial | undefined> {
  const { rows } = await sql<{ trial: Trial }>`
    update delivery_pauses set trial_until = now() + ${milliseconds(leaseMs)}
    where kind = 'throttled' and ended_at is null and paused_until <= now()
      and (trial_until is null or trial_until <= now())
    returning trial_until::text as trial`.execute(db);
  return rows[0]?.trial;
}

/** Of a row of `delivery_pauses`: no other trial has followed this one, nor another 429. */
const isUnderWay = (trial: Trial) => sql`(kind = 'throttled' and trial_until = ${trial}::timestamptz)`;

/** The trial was not used: nothing was sent. */
export async function giveBackTrial(db: Db, trial: Trial): Promise<void> {
  await sql`update delivery_pauses set trial_until = null where ${isUnderWay(trial)}`.execute(db);
}

/**
 * The trial's answer was no 429: deliveries go on, unless another send has met one meanwhile.
 *
 * @returns whether they do.
 */
export async function endThrottle(db: Db, trial: Trial): Promise<boolean> {
  const { numAffectedRows } =
    await sql`update delivery_pauses set ended_at = now() where ended_at is null and ${isUnderWay(trial)}`.execute(
      db,
    );
  return Number(numAffectedRows ?? 0) > 0;
}
