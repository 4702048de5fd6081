import { sql } from 'kysely';
import type { Claim } from './claim-terms.ts';
import { milliseconds } from './durations.ts';
import { BOT_INTERVAL_MS, freeInMs, type PaceReading } from './pace.ts';
import type { Db, NotificationStatus } from './schema.ts';
import { inTransaction } from './transaction.ts';

/** What became of a notification that was to be parked: the user may have become reachable meanwhile. */
export type Parked = 'parked' | 'pending' | 'stale';

/**
 * Parks a notification whose user has no telegram_id. The user's row is locked first: whoever sets the telegram_id at
 * this moment either comes before, and it isn't parked, or after, and frees it.
 */
export async function parkUnlinked(
  db: Db,
  { notificationId, userId, epoch }: { notificationId: number; userId: number; epoch: number },
): Promise<Parked> {
  return inTransaction(db, async (trx) => {
    const user = await sql<{ unlinked: boolean }>`
      select telegram_id is null as unlinked from users where id = ${userId} for share`.execute(trx);
    // A user who is gone can't be reached either.
    const [known] = user.rows;
    if (known && !known.unlinked) return 'pending';
    const parked = await sql`
      update notifications
      set status = 'parked', reason = 'no_telegram_id', updated_at = now(), lease_until = null
      where id = ${notificationId} and epoch = ${epoch} and status in ('pending', 'failed', 'unknown')`.execute(
      trx,
    );
    return Number(parked.numAffectedRows ?? 0) > 0 ? 'parked' : 'stale';
  });
}

/**
 * Settles an attempt that Telegram refused because the user can't be reached: parked, and the user marked so. Unless the
 * user was linked anew while the request was under way (the contact's version grew): then it is due again at once.
 */
export async function settleUnreachable(
  db: Db,
  { claim, reason, detail, ...reading }: PaceReading & { claim: Claim; reason: string; detail: string },
): Promise<Parked> {
  return inTransaction(db, async (trx) => {
    const user = await sql<{ contact_version: number }>`
      select contact_version from users where id = ${claim.userId} for no key update`.execute(trx);
    const sameContact = user.rows[0]?.contact_version === claim.contactVersion;
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
      where notification_id = ${claim.notificationId} and claim = ${claim.claim}
        and (outcome is null or claim = (select claim from notifications where id = ${claim.notificationId}))`.execute(
      trx,
    );
    // By the clock: `now()` is when the transaction began, and it may have waited for the user's row since.
    await sql`
      update bot_slots
      set free_at = clock_timestamp() + ${milliseconds(freeInMs(reading, BOT_INTERVAL_MS))}
      where id = ${claim.slot.id} and grants = ${claim.slot.grant}`.execute(trx);
    // The chat took no message, so the next one has nothing to wait for.
    await sql`
      delete from chat_slots
      where chat_id = ${claim.telegramId} and notification_id = ${claim.notificationId} and claim = ${claim.claim}`.execute(
      trx,
    );
    const { rows } = await sql<{ status: NotificationStatus }>`
      update notifications
      set status = ${sameContact ? 'parked' : 'pending'}, reason = ${sameContact ? reason : null},
        due_at = now(), lease_until = null, claim_token = null, settled_claim = claim, updated_at = now()
      where id = ${claim.notificationId} and claim = ${claim.claim}
        and status in ('sending', 'pending', 'unknown')
      returning status`.execute(trx);
    const status = rows[0]?.status;
    return status === 'parked' || status === 'pending' ? status : 'stale';
  });
}
