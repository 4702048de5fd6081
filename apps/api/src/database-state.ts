import { setTimeout as sleep } from 'node:timers/promises';
import {
  isDatabaseAway,
  type openDatabase,
  pendingMigrations,
  READ_ONLY_PROBLEM,
  takesChanges,
} from '@replybell/database';
import { reasonOf } from '@replybell/logger';

export type Db = ReturnType<typeof openDatabase>;

export type DatabaseState =
  | { kind: 'ready' }
  | { kind: 'migrations_pending'; migrations: string[] }
  | { kind: 'unavailable'; problem: string };

/** Whether the database can store now. Takes `timeoutMs` milliseconds at most and never throws. */
export async function databaseState(db: Db, timeoutMs: number): Promise<DatabaseState> {
  const tooLate = sleep(timeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
  try {
    const answers = Promise.all([takesChanges(db), pendingMigrations(db)]);
    const [isReady, migrations] = await Promise.race([answers, tooLate]);
    if (!isReady) return { kind: 'unavailable', problem: READ_ONLY_PROBLEM };
    return migrations.length === 0 ? { kind: 'ready' } : { kind: 'migrations_pending', migrations };
  } catch (error) {
    return { kind: 'unavailable', problem: reasonOf(error) };
  }
}

/**
 * SQLSTATE of what an operator puts right while the API runs: a refused login (class 28), a database that does not
 * exist yet (3D000), tables or columns that wait for a migration (42P01, 42703).
 */
const waitsForOperator = /^(28...|3D000|42P01|42703)$/;

/** Whether PostgreSQL was given text that it can't store: with NUL, or with bytes that are no UTF-8 (22021, 22P05). */
export function isUnstorableText(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '22021' || error.code === '22P05');
}

/** Whether a query failed because nothing can be stored for now, and not because of the query. */
export function isStorageUnavailable(error: unknown): boolean {
  if (isDatabaseAway(error)) return true;
  return error instanceof Error && 'code' in error && waitsForOperator.test(String(error.code));
}
