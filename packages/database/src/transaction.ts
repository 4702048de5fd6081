import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Does `work` in the caller's transaction, or in one of its own if the caller has none. */
export async function inTransaction<Result>(
  db: Kysely<Database>,
  work: (trx: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  return db.isTransaction ? work(db as Transaction<Database>) : db.transaction().execute(work);
}
