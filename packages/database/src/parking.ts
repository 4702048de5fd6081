import { sql } from 'kysely';
import type { Claim } from './claim-terms.ts';
import { milliseconds } from './durations.ts';
import { BOT_INTERVAL_MS, freeInMs, type PaceReading } from './pace.ts';
import type { Db, NotificationStatus } from './schema.ts';
import { inTransaction } from './transaction.ts';

/**
 * What became of a notification that was to be parked: the user may have become reachable meanwhile. `held`: not yet, as
 * somebody else holds the user's row; nobody waits for it, or many such users would hold up everybody's deliveries.
 */
export type Parked = 'parked' | 'pending' | 'held' | 'stale';

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
 * user was linked anew while the request was under way (the contact's version grew): then it is due again at once.
 *
 * @param settlement.heldRetryInMs when it is due again if somebody else holds the user's row, in milliseconds.
 */
export async function settleUnreachable(
  db: Db,
  settlement: PaceReading & { claim: Claim; reason: string; detail: string; heldRetryInMs: number },
): Promise<Parked> {
  const { claim, reason, detail, heldRetryInMs, ...reading } = settlement;
  return inTransaction(db, async (trx) => {
    const user = await lockUser(trx, claim.userId, 'no key update');
    const isHeld = user === 'held';
    const sameContact = !isHeld && user?.contactVersion === claim.contactVersion;
    if (sameContact) {
      // An account that was unlinked meanwhile is none that could be reached.
      await sql`
        update users set unreachable_reason = ${reason}, updated_at = now()
        where id = ${claim.userId} and telegram_id = ${claim.telegramId}
          and unreachable_reason is distinct from ${reason}`.execute(trx);
    }
    await sql`
      update notification_attempts
      set ended_at = clock_timestamp(), outcome = 'unreachable', reason = ${reason}, detail = ${detail}
      where notification_id = ${claim.notificationId} and claim = ${claim.fence}
        and (outcome is null or claim = (select claim from notifications where id = ${claim.notificationId}))`.execute(
      trx,
    );
    // By the clock: `now()` is when the transaction began, and that was some statements ago.
    await sql`
      update bot_slots
      set free_at = clock_timestamp() + ${milliseconds(freeInMs(reading, BOT_INTERVAL_MS))}
      where id = ${claim.slot.id} and notification_id = ${claim.notificationId} and claim = ${claim.fence}`.execute(
      trx,
    );
    // The chat took no message, so the next one has nothing to wait for.
    await sql`
      delete from chat_slots
      where chat_id = ${claim.telegramId} and notification_id = ${claim.notificationId} and claim = ${claim.fence}`.execute(
      trx,
    );
    const { rows } = await sql<{ status: NotificationStatus }>`
      update notifications
      -- Its ticket may have moved to another user meanwhile.
      set status = case when ${sameContact} and user_id = ${claim.userId} then 'parked' else 'pending' end,
        reason = case when ${sameContact} and user_id = ${claim.userId} then ${reason}::text end,
        due_at = now() + ${milliseconds(isHeld ? heldRetryInMs : 0)}, lease_until = null, claim_token = null, settled_claim = claim, updated_at = now()
      where id = ${claim.notificationId} and claim = ${claim.fence}
        and status in ('sending', 'pending', 'unknown')
      returning status`.execute(trx);
    const status = rows[0]?.status;
    if (status === 'pending' && isHeld) return 'held';
    return status === 'parked' || status === 'pending' ? status : 'stale';
  });
}
