import { sql, type Transaction } from 'kysely';
import { milliseconds } from './durations.ts';
import type { Database, Db } from './schema.ts';

/**
 * Notes that an update is being handled; what it changes belongs into the same transaction. Whoever brings the same
 * update at the same time waits for that transaction.
 *
 * @returns false if it was handled before.
 */
export async function takeUpdate(
  trx: Transaction<Database>,
  { botId, updateId }: { botId: number; updateId: number },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('telegram_updates')
    .values({ bot_id: botId, update_id: updateId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/**
 * Takes or renews the lease that lets a process poll for a bot's updates. A lease and not a lock of a session: it also
 * passes on when its holder freezes or its machine vanishes.
 *
 * @param options.holder names the process; a UUID.
 * @returns whether the lease is the holder's now.
 */
export async function holdUpdatePolling(
  db: Db,
  { botId, holder, leaseMs }: { botId: number; holder: string; leaseMs: number },
): Promise<boolean> {
  const until = sql`now() + ${milliseconds(leaseMs)}`;
  const { numAffectedRows } = await sql`
    insert into update_polling as p (bot_id, holder, lease_until) values (${botId}, ${holder}, ${until})
    on conflict (bot_id) do update set holder = excluded.holder, lease_until = excluded.lease_until
    where p.holder = excluded.holder or p.lease_until <= now()`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/** Gives the lease back, so that another process polls at once. */
export async function releaseUpdatePolling(
  db: Db,
  { botId, holder }: { botId: number; holder: string },
): Promise<void> {
  await db.deleteFrom('update_polling').where('bot_id', '=', botId).where('holder', '=', holder).execute();
}
