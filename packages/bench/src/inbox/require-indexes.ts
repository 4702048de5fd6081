import { type Db, openDatabase } from '@replybell/database';
import { sql } from 'kysely';
import type { Question } from './questions.ts';

/** From the sixth time on, Postgres may run a prepared statement by a plan that doesn't look at the values. */
const TIMES = 8;

/**
 * Asks each question over one connection, and sees by Postgres' own count whether a whole table was read. The plans are those
 * of the real statements, prepared as in the API, which an EXPLAIN of their texts would only resemble.
 *
 * @throws if a question read the tickets, messages, users or notifications from end to end.
 */
export async function requireIndexes(databaseUrl: string, questions: Question[]): Promise<void> {
  const db = openDatabase({ url: databaseUrl, applicationName: 'replybell-bench', maxConnections: 1 });
  try {
    for (const { name, ask } of questions) {
      const before = await countWholeReads(db);
      for (let time = 0; time < TIMES; time += 1) await ask(db);
      if ((await countWholeReads(db)) > before) throw new Error(`"${name}" is not on an index`);
    }
  } finally {
    await db.destroy();
  }
}

async function countWholeReads(db: Db): Promise<number> {
  // Otherwise a session tells of its reads about once a second.
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ reads: number }>`
    select sum(seq_scan)::bigint as reads from pg_stat_user_tables
    where relname in ('support_tickets', 'support_messages', 'ticket_search', 'users', 'notifications')`.execute(
    db,
  );
  return rows[0]?.reads ?? Number.NaN;
}
