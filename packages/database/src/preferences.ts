import { sql } from 'kysely';
import type { Db } from './schema.ts';
import { inTransaction } from './transaction.ts';
import { withdrawMuted } from './withdrawal.ts';

/** What a user decides of their notifications; what is absent stays. */
export type Preferences = { muted?: boolean | undefined; locale?: string | undefined };

/** Sets a user's preferences. Muting withdraws what waits; it isn't sent after unmuting either. */
export async function updatePreferences(
  db: Db,
  userId: number,
  { muted, locale }: Preferences,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx
      .updateTable('users')
      .set({
        updated_at: sql<Date>`now()`,
        ...(muted !== undefined && { muted_at: muted ? sql<Date>`coalesce(muted_at, now())` : null }),
        ...(locale !== undefined && { locale }),
      })
      .where('id', '=', userId)
      .execute();
    if (muted) await withdrawMuted(trx, userId);
  });
}
