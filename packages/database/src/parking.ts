import { sql } from 'kysely';
import type { Claim } from './claim-terms.ts';
import type { PaceReading } from './pace.ts';
import { RowHeldError } from './row-held.ts';
import type { Db } from './schema.ts';
import { settleNotifications } from './settle.ts';
import { inTransaction } from './transaction.ts';

/**
 * What became of a notification that was to be parked: the user may have become reachable meanwhile. `held`: not yet, as
 * somebody else holds the user's row; nobody waits for it, or many such users would hold up everybody's deliveries.
 */
type Parked = 'parked' | 'pending' | 'held' | 'stale';

/** Locks a user's row; `held` if somebody else has done so, undefined if the user is gone. */
async function lockUser(
  trx: Db,
  userId: number,
  strength: 'share' | 'no key update',
): Promise<{ isLinked: boolean; contactVersion: number } | 'held' | undefined> {
  const { rows } = await sql<{ isLinked: boolean; contactVersion: number | null }>`
    with locked as (
      -- What is read here is what stood in the row when it was locked, and not what the statement saw as it began.
      select id, telegram_id is not null as "isLinked", contact_version as "contactVersion"
      from users where id = ${userId} for ${sql.raw(strength)} skip locked
    )
    select locked."isLinked", locked."contactVersion"
    from users left join locked using (id) where id = ${userId}`.execute(trx);
  const [user] = rows;
  if (!user) return undefined;
  const { isLinked, contactVersion } = user;
  return contactVersion === null ? 'held' : { isLinked, contactVersion };
}

/**
 * Parks a notification whose user has no telegram_id. The user's row is locked first: whoever sets the telegram_id at
 * this moment either comes before, and it isn't parked, or after, and frees it.
 */
export async function parkUnlinked(
  db: Db,
  { notificationId, userId, epoch }: { notificationId: number; userId: number; epoch: number },
): Promise<Parked> {
  return inTransaction(db, async (trx) => {
    const user = await lockUser(trx, userId, 'share');
    if (user === 'held') return 'held';
    // A user who is gone can't be reached either.
    if (user?.isLinked) return 'pending';
    const parked = await sql`
      update notifications
      set status = 'parked', reason = 'no_telegram_id', updated_at = now(), lease_until = null,
        -- Of one that an operator retried in the queue: fresh counts, as if it had been claimed.
        retries = case when status = 'pending' then retries else 0 end,
        unknowns = case when status = 'pending' then unknowns else 0 end
      where id = ${notificationId} and epoch = ${epoch} and status in ('pending', 'failed', 'unknown')
        and user_id = ${userId}`.execute(trx);
    return Number(parked.numAffectedRows ?? 0) > 0 ? 'parked' : 'stale';
  });
}

/**
 * Settles an attempt that Telegram refused because the user can't be reached: parked, and the user marked so. Unless the
 * user was linked anew while the request was under way (the contact's version grew), or the ticket moved to another user:
 * then it is due again at once.
 *
 * @param settlement.heldRetryInMs when it is due again if somebody else holds the user's row, in milliseconds.
 * @throws RowHeldError if somebody else holds the notification's row.
 */
export async function settleUnreachable(
  db: Db,
  settlement: PaceReading & { claim: Claim; reason: string; detail: string; heldRetryInMs: number },
): Promise<Parked> {
  const { heldRetryInMs, ...refusal } = settlement;
  const { claim, reason } = refusal;
  return inTransaction(db, async (trx) => {
    const user = await lockUser(trx, claim.userId, 'no key update');
    const isHeld = user === 'held';
    const isSameContact = !isHeld && user?.contactVersion === claim.contactVersion;
    if (isSameContact) {
      // An account that was unlinked meanwhile is none that could be reached.
      await sql`
        update users set unreachable_reason = ${reason}, updated_at = now()
        where id = ${claim.userId} and telegram_id = ${claim.telegramId}
          and unreachable_reason is distinct from ${reason}`.execute(trx);
    }
    const { rows: theirs } = await sql`
      select from notifications where id = ${claim.notificationId} and user_id = ${claim.userId}
      for no key update skip locked`.execute(trx);
    const verdict = {
      outcome: 'unreachable',
      status: isSameContact && theirs.length > 0 ? 'parked' : 'pending',
      retryInMs: isHeld ? heldRetryInMs : 0,
      counts: false,
      telegramMessageId: null,
    } as const;
    // The chat took no message, so the next one has nothing to wait for.
    const [settled] = await settleNotifications(trx, [{ ...refusal, ...verdict }], 0);
    if (settled === 'held') throw new RowHeldError('notification');
    if (settled !== 'settled') return 'stale';
    return isHeld ? 'held' : verdict.status;
  });
}
