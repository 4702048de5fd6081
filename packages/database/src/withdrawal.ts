import { sql } from 'kysely';
import { type Decision, decide } from './decisions.ts';
import { idsOfUser } from './notifications.ts';
import type { Db } from './schema.ts';
import { inTransaction } from './transaction.ts';

/**
 * Withdraws what waits to tell of replies that the user has just been shown. One that speaks for others, folded into it,
 * stays until they were shown too; one that is being sent stays.
 *
 * @param messageIds the replies that were shown; other messages have no notification and may stand among them.
 * @returns how many were withdrawn.
 */
export async function withdrawSeen(db: Db, messageIds: number[]): Promise<number> {
  return withdraw(
    db,
    'seen_in_app',
    sql`
      select n.id from notifications n
      where n.message_id = any(${messageIds}::bigint[]) and not exists (
        select from notifications f
        where f.folded_into = n.id and f.message_id <> all(${messageIds}::bigint[])
      )`,
  );
}

/**
 * Withdraws everything that waits for a user who wants no messages, except what is being sent. Nothing if they want them
 * again meanwhile: a worker that has found them muted may have waited for a row that somebody held.
 *
 * @param retriedId a notification whose job an operator retries: it is withdrawn too if it had failed or was unknown.
 * @returns how many were withdrawn.
 */
export async function withdrawMuted(
  db: Db,
  userId: number,
  retriedId: number | null = null,
): Promise<number> {
  return withdraw(
    db,
    'muted',
    sql`
      select own.id from (${idsOfUser(userId)}) own
      where exists (select from users where id = ${userId} and muted_at is not null)`,
    retriedId,
  );
}

/** Withdraws one notification by an admin's word: one that waits, failed, or whose outcome is unknown. */
export async function withdrawByAdmin(db: Db, id: number): Promise<Decision> {
  return decide(
    db,
    id,
    ['pending', 'parked', 'failed', 'unknown'],
    sql`status = 'withdrawn', reason = 'withdrawn_by_admin'`,
  );
}

/**
 * Locks in the ids' order, as erasing, merging and unparking do: of those who wait for several rows none waits for another in
 * a circle. Claims and settles wait for none: they skip what is held. What is to be withdrawn is asked for again once the
 * rows are locked: while some were waited for, others may have come to speak for a reply that nobody has seen.
 */
async function withdraw(
  db: Db,
  reason: 'seen_in_app' | 'muted',
  ids: ReturnType<typeof sql>,
  retriedId: number | null = null,
): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { rows: locked } = await sql<{ id: number }>`
      select id from notifications
      where id in (${ids})
        and (status in ('pending', 'parked') or id = ${retriedId} and status in ('failed', 'unknown'))
      order by id for update`.execute(trx);
    if (locked.length === 0) return 0;
    const { numAffectedRows } = await sql`
      update notifications set status = 'withdrawn', reason = ${reason}, updated_at = now()
      where id = any(${locked.map(({ id }) => id)}::bigint[]) and id in (${ids})`.execute(trx);
    return Number(numAffectedRows ?? 0);
  });
}
