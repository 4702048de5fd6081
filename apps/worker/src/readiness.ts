import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, pendingMigrations } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import type { Kysely } from 'kysely';

const RETRY_MS = 1_000;

/** What keeps the worker from working with Postgres now; empty if nothing does. */
export async function databaseProblems(db: Kysely<Database>): Promise<string[]> {
  try {
    const pending = await pendingMigrations(db);
    return pending.length === 0 ? [] : [`The database lacks ${pending.join(', ')}: run npm run migrate`];
  } catch (error) {
    return [`Postgres does not answer: ${error instanceof Error ? error.message : error}`];
  }
}

/** Waits until Postgres answers and has the schema; a worker that is started first loses nothing by it. */
export async function waitForDatabase(db: Kysely<Database>, logger: Logger): Promise<void> {
  const outage = createOutageLog(logger, { failed: 'The worker waits for the database' });
  for (;;) {
    const problems = await databaseProblems(db);
    if (problems.length === 0) return outage.recovered();
    outage.failed(new Error(problems.join('; ')));
    await sleep(RETRY_MS);
  }
}
