import { sql, type Transaction } from 'kysely';
import { inMs, milliseconds } from './durations.ts';
import type { Database } from './schema.ts';

/** `times` at once and then, on average, `times` in each `withinMs` milliseconds. */
export type Allowance = { kind: string; times: number; withinMs: number };

export type TakenAllowance =
  | { kind: 'taken' }
  /** Nothing may be taken for `freeInMs` milliseconds. */
  | { kind: 'used_up'; freeInMs: number }
  | { kind: 'user_not_found' };

/**
 * Takes one from what a user may do, together with what the transaction does: if that is rolled back, nothing was taken.
 * A user's racing transactions come one after the other.
 *
 * The generic cell rate algorithm (ITU-T I.371): one moment, until which the allowance is used, moves on by one step each
 * time, and may be less than `withinMs` ahead.
 */
export async function takeAllowance(
  trx: Transaction<Database>,
  userId: number,
  { kind, times, withinMs }: Allowance,
): Promise<TakenAllowance> {
  const step = milliseconds(withinMs / times);
  const farthestAhead = milliseconds(withinMs - withinMs / times);
  const taken = await sql`
    insert into user_allowances as a (user_id, kind, used_until)
    select id, ${kind}, now() + ${step} from users where id = ${userId} for key share
    on conflict (user_id, kind) do update set used_until = greatest(a.used_until, now()) + ${step}
      where a.used_until <= now() + ${farthestAhead}`.execute(trx);
  if (taken.numAffectedRows === 1n) return { kind: 'taken' };

  // By the clock of this moment: the transaction may have waited for others of this user.
  const { rows } = await sql<{ free_in_ms: number }>`
    select ${inMs(sql`used_until - clock_timestamp() - ${farthestAhead}`)} as free_in_ms
    from user_allowances where user_id = ${userId} and kind = ${kind}`.execute(trx);
  const row = rows[0];
  return row ? { kind: 'used_up', freeInMs: Math.max(0, row.free_in_ms) } : { kind: 'user_not_found' };
}
