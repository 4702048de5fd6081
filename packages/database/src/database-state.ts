import { setTimeout as sleep } from 'node:timers/promises';
import { takesChanges } from './connection.ts';
import { pendingMigrations } from './migrator.ts';
import { findPauses, type Pause } from './pauses.ts';
import type { Db } from './schema.ts';

export type DatabaseState =
  | { kind: 'ready'; pauses: Pause[] }
  | { kind: 'migrations_pending'; migrations: string[] }
  | { kind: 'unavailable'; error: unknown };

/** Of a server that takes changes from nobody: what is wrong, and what to do. */
const READ_ONLY_PROBLEM =
  'it takes no changes: lead DATABASE_URL to the primary, or look whether its disk is full';

/** Whether Postgres can store now, and which pauses it tells of. Takes `timeoutMs` milliseconds at most and never throws. */
export async function databaseState(db: Db, timeoutMs: number): Promise<DatabaseState> {
  const tooLate = sleep(timeoutMs, undefined, { ref: false }).then((): DatabaseState => {
    return { kind: 'unavailable', error: new Error(`no answer within ${timeoutMs} ms`) };
  });
  const answer = ask(db).catch((error: unknown): DatabaseState => ({ kind: 'unavailable', error }));
  return Promise.race([answer, tooLate]);
}

async function ask(db: Db): Promise<DatabaseState> {
  const [isWritable, migrations] = await Promise.all([takesChanges(db), pendingMigrations(db)]);
  if (!isWritable) throw new Error(READ_ONLY_PROBLEM);
  if (migrations.length > 0) return { kind: 'migrations_pending', migrations };
  return { kind: 'ready', pauses: await findPauses(db) };
}
