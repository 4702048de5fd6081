import { sql } from 'kysely';
import type { Db } from './schema.ts';

const WINDOW_MINUTES = 15;
const ATTEMPTS_PER_ACCOUNT = 10;
/** People behind one address share it. */
const ATTEMPTS_PER_NETWORK = 50;

export type SignInAttempt = { kind: 'allowed' } | { kind: 'limited'; retryAfterS: number };

/** Who tries to sign in, and the network that the address is counted as; null if it tells nobody from others. */
export type SignInTry = { email: string; network: string | null };

/**
 * Counts an attempt to sign in, before its password is looked at, so that those that race are counted too: at most 10
 * in 15 minutes for one account and 50 from one network, over all processes.
 */
export async function countSignInAttempt(db: Db, attempt: SignInTry): Promise<SignInAttempt> {
  // The account's row is always locked before the network's: attempts that race can't wait for each other in a circle.
  const { rows } = await sql<{ retryAfterS: number }>`
    with counted as (
      insert into sign_in_attempts as a (subject, attempts, window_ends_at)
      select subject, 1, now() + ${WINDOW_MINUTES} * interval '1 minute'
      from (values (1, ${subjectOfAccount(attempt)}), (2, ${subjectOfNetwork(attempt)})) given (place, subject)
      where subject is not null order by place
      on conflict (subject) do update set
        attempts = case when a.window_ends_at <= now() then 1 else a.attempts + 1 end,
        window_ends_at = case when a.window_ends_at <= now() then excluded.window_ends_at else a.window_ends_at end
      returning subject, attempts, window_ends_at
    )
    select ceil(extract(epoch from max(window_ends_at) - now()))::integer as "retryAfterS" from counted
    where attempts > case when subject like 'account:%' then ${ATTEMPTS_PER_ACCOUNT}::integer
      else ${ATTEMPTS_PER_NETWORK}::integer end
    having count(*) > 0`.execute(db);
  const limit = rows[0];
  return limit ? { kind: 'limited', retryAfterS: limit.retryAfterS } : { kind: 'allowed' };
}

/** A right password clears the account's count, and what it added to the network's. */
export async function forgiveSignInAttempt(db: Db, attempt: SignInTry): Promise<void> {
  await db.deleteFrom('sign_in_attempts').where('subject', '=', subjectOfAccount(attempt)).execute();
  await sql`
    update sign_in_attempts set attempts = attempts - 1
    where subject = ${subjectOfNetwork(attempt)} and attempts > 0`.execute(db);
}

const subjectOfAccount = ({ email }: SignInTry) => `account:${email.toLowerCase()}`;
const subjectOfNetwork = ({ network }: SignInTry) => (network === null ? null : `address:${network}`);
