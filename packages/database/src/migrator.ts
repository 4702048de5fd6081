import { promises as fs } from 'node:fs';
import path from 'node:path';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { openDatabase } from './connection.ts';
import type { Db } from './schema.ts';

function createMigrator(db: Db): Migrator {
  return new Migrator({
    db,
    provider: new FileMigrationProvider({
      fs,
      path,
      migrationFolder: path.join(import.meta.dirname, 'migrations'),
    }),
  });
}

/**
 * Brings the schema up to date; safe to run by several processes at once, and again.
 *
 * @returns the names of the migrations that ran now.
 * @throws what the failed migration threw; its changes are rolled back.
 */
export async function migrateToLatest(databaseUrl: string): Promise<string[]> {
  const db = openDatabase({
    url: databaseUrl,
    applicationName: 'replybell-migrate',
    maxConnections: 2,
    statementTimeoutMs: 60 * 60_000,
  });
  try {
    const { error, results } = await createMigrator(db).migrateToLatest();
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

/** The migrations that the running code has and the database lacks. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrations = await createMigrator(db).getMigrations();
  return migrations.filter((migration) => !migration.executedAt).map((migration) => migration.name);
}
