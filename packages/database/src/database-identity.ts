import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * What tells this database from any other, one that was restored from a dump too. A standby that takes over has the same,
 * and so has a copy of the server's files.
 *
 * @returns undefined where the server doesn't tell, as some hosted ones.
 */
export async function findDatabaseIdentity(db: Db): Promise<string | undefined> {
  try {
    const { rows } = await sql<{ identity: string }>`
      select system_identifier || '/' || oid as identity
      from pg_control_system(), pg_database where datname = current_database()`.execute(db);
    return rows[0]?.identity;
  } catch (error) {
    // SQLSTATE class 42: there is no such function, or no right to it.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('42')) return undefined;
    throw error;
  }
}
