import { isDatabaseAway } from '@replybell/database';

/** A pooler refuses what a connection begins with (08P01), or gives out sessions with others' statements in them. */
const POOLER_CODES = ['08P01', '42P05', '26000'];

/** What to do when Postgres can't be used at all; undefined if the error says something else. */
export function postgresAdvice(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '3D000') return 'Create the database (createdb), or correct its name in DATABASE_URL';
  if (code.startsWith('28')) return 'Correct user and password in DATABASE_URL';
  if (POOLER_CODES.includes(code)) {
    return 'That is a pooler (PgBouncer): lead DATABASE_URL to Postgres itself, docs/queue-backends.md';
  }
  return isDatabaseAway(error) ? 'Check DATABASE_URL and that Postgres runs' : undefined;
}
