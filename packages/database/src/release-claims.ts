import { sql } from 'kysely';
import type { Claim, ClaimRequest } from './claim-terms.ts';
import { milliseconds } from './durations.ts';
import type { Db } from './schema.ts';
import { giveBackTrial } from './throttle.ts';

/**
 * Gives back a claim whose request certainly never left, and the trial that it was.
 *
 * @param leaseMs of the claim, in milliseconds.
 */
export async function releaseClaim(db: Db, claim: Claim, leaseMs: number): Promise<void> {
  await releaseClaims(db, [claim], leaseMs);
  if (claim.trial) await giveBackTrial(db, claim.trial);
}

/**
 * Gives back claims whose requests certainly never left: their attempts did not happen, and their slots are as free as they
 * were before. Nobody waits for a row that somebody else holds: its claim ends with its lease.
 *
 * @param claims by their claimers' tokens; what none of these holds stays as it is.
 * @param leaseMs of the claims, in milliseconds.
 */
export async function releaseClaims(
  db: Db,
  claims: Pick<ClaimRequest, 'notificationId' | 'token'>[],
  leaseMs: number,
): Promise<void> {
  const lease = milliseconds(leaseMs);
  await sql`
    with given as (
      select * from unnest(
        ${claims.map((claim) => claim.notificationId)}::bigint[], ${claims.map((claim) => claim.token)}::text[]
      ) as g (id, token)
    ), held as (
      select n.id from notifications n join given g on g.id = n.id
      where n.status = 'sending' and n.claim_token = g.token
      order by n.id
      for update of n skip locked
    ), released as (
      update notifications n set status = 'pending', lease_until = null, claim_token = null, updated_at = now()
      from held h where n.id = h.id
      returning n.id, n.claim, n.user_id
    ), bot as (
      update bot_slots b set free_at = b.free_at - ${lease}
      from released r where b.notification_id = r.id and b.claim = r.claim
    ), chat as (
      update chat_slots c set free_at = c.free_at - ${lease}
      from released r join users u on u.id = r.user_id
      where c.chat_id = u.telegram_id and c.notification_id = r.id and c.claim = r.claim
    )
    delete from notification_attempts a using released r
    where a.notification_id = r.id and a.claim = r.claim`.execute(db);
}
