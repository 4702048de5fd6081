import type { Transaction } from 'kysely';
import { isUndone } from './connection.ts';
import type { Database, Db } from './schema.ts';

/** How often something is tried that others get in the way of. */
const TRIES = 5;

/**
 * Does `work` in the caller's transaction, or in one of its own if the caller has none, which is done again if it ends in a
 * deadlock.
 */
export async function inTransaction<Result>(
  db: Db,
  work: (trx: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  if (db.isTransaction) return work(db as Transaction<Database>);
  return repeatConflicts(() => db.transaction().execute(work));
}

/**
 * Runs a whole transaction, and again if Postgres undid it because others were in its way: linking, erasing, muting and
 * replying may meet at one user.
 */
export async function repeatConflicts<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isUndone(error) || tried === TRIES) throw error;
    }
  }
}
