import { sql } from 'kysely';
import { milliseconds } from './durations.ts';
import { leaseMsFor } from './pace.ts';
import type { Db } from './schema.ts';

/** No slot is taken for longer: the longest TELEGRAM_TIMEOUT_MS, with some room. */
const LONGEST = milliseconds(leaseMsFor(120_000) + 5_000);
/** No probe is further away. */
const A_MINUTE = sql`interval '62 seconds'`;
/** For no longer do those wait who sign in, or write tickets, too often. */
const QUARTER_HOUR = sql`interval '15 minutes'`;
const AN_HOUR = sql`interval '1 hour'`;
/** Rows that one statement changes. */
const LIMIT = 5_000;

/**
 * Postgres' clock may be set back: a failover to a server with another one, a machine that was restored. All that was
 * noted by the clock before would be waited for as long as the step was. What is further away than it ever can be shows it:
 * a slot of the pace, or a probe. Then all that lies in the future because of it is brought back. Steps of two minutes and less
 * need no help.
 *
 * @returns whether the clock had been set back.
 */
export async function mendClockStep(db: Db): Promise<boolean> {
  const { rows } = await sql`
    select from bot_slots where free_at > now() + ${LONGEST}
    union all
    select from delivery_pauses
    where kind in ('outage', 'token') and ended_at is null and paused_until > now() + ${A_MINUTE}
    limit 1`.execute(db);
  if (rows.length === 0) return false;

  while ((await bringBackDue(db)) === LIMIT);
  await sql`
    update notifications set lease_until = now() + ${LONGEST}
    where id in (
      select id from notifications where status = 'sending' and lease_until > now() + ${LONGEST}
      for update skip locked
    )`.execute(db);
  await sql`
    update chat_slots set free_at = now() + ${A_MINUTE} where free_at > now() + ${A_MINUTE} + ${LONGEST}`.execute(
    db,
  );
  await sql`update update_polling set lease_until = least(lease_until, now() + ${A_MINUTE})`.execute(db);
  await sql`
    update user_allowances set used_until = now() where used_until > now() + ${AN_HOUR}`.execute(db);
  await sql`
    update sign_in_attempts set window_ends_at = now() + ${QUARTER_HOUR}
    where window_ends_at > now() + ${QUARTER_HOUR}`.execute(db);
  // What a 429 has asked for is tried when it seems to be over; the others are probed.
  await sql`
    update delivery_pauses set
      since = least(since, now()), trial_until = null,
      paused_until = least(paused_until, case when since > now() then now() else now() + ${A_MINUTE} end)
    where ended_at is null and kind <> 'operator'
      and (kind <> 'throttled' or since > now() or trial_until > now() + ${LONGEST})`.execute(db);
  // Last, as they are what shows the step. A second, as one may have been used just before it.
  await sql`
    update bot_slots set free_at = now() + interval '1 second' where free_at > now() + ${LONGEST}`.execute(
    db,
  );
  return true;
}

async function bringBackDue(db: Db): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update notifications set due_at = now()
    where id in (
      select id from notifications
      where status = 'pending' and due_at > now() and updated_at > now() + ${A_MINUTE}
      limit ${sql.lit(LIMIT)} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows);
}
