import { sql } from 'kysely';
import { milliseconds } from './durations.ts';
import { leaseMsFor } from './pace.ts';
import type { Db } from './schema.ts';
import { inTransaction } from './transaction.ts';

/** No slot is taken for longer: the longest TELEGRAM_TIMEOUT_MS, with some room. */
const LONGEST = milliseconds(leaseMsFor(120_000) + 5_000);
const A_MINUTE = sql`interval '1 minute'`;

/**
 * Postgres' clock may be set back: a failover to a server with another one, a machine that was restored. All that was
 * noted by the clock before would be waited for as long as the step was. A slot of the pace that is free later than any
 * claim takes one shows it; then what lies in the future because of it is brought back to now. Steps of two minutes
 * and less need no help.
 *
 * @returns whether the clock had been set back.
 */
export async function mendClockStep(db: Db): Promise<boolean> {
  const { rows } = await sql`select from bot_slots where free_at > now() + ${LONGEST} limit 1`.execute(db);
  if (rows.length === 0) return false;
  await inTransaction(db, async (trx) => {
    // A second, as the slot may have been used just before the step.
    await sql`
      update bot_slots set free_at = now() + interval '1 second' where free_at > now() + ${LONGEST}`.execute(
      trx,
    );
    await sql`
      update chat_slots set free_at = now() + ${A_MINUTE} where free_at > now() + ${A_MINUTE} + ${LONGEST}`.execute(
      trx,
    );
    await sql`
      update notifications set due_at = now()
      where id in (
        select id from notifications
        where status = 'pending' and due_at > now() and updated_at > now() + ${A_MINUTE}
        for update skip locked
      )`.execute(trx);
    await sql`
      update notifications set lease_until = now() + ${LONGEST}
      where id in (
        select id from notifications where status = 'sending' and lease_until > now() + ${LONGEST}
        for update skip locked
      )`.execute(trx);
    // What a 429 has asked for is tried when it seems to be over; the others are probed.
    await sql`
      update delivery_pauses set since = least(since, now()), paused_until = least(paused_until, now()), trial_until = null
      where ended_at is null and kind <> 'operator' and (since > now() + ${A_MINUTE} or trial_until > now() + ${LONGEST})`.execute(
      trx,
    );
    await sql`
      update delivery_pauses set paused_until = least(paused_until, now() + ${A_MINUTE})
      where ended_at is null and kind in ('outage', 'token')`.execute(trx);
  });
  return true;
}
