import { isDatabaseAway } from '@replybell/database';

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
