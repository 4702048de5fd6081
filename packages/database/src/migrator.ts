import { promises as fs } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { isConflict, openDatabase } from './connection.ts';
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

const HOUR_MS = 60 * 60_000;
/** Whoever waits for a whole table makes everybody else wait behind: rather give way, and come again. In milliseconds. */
const LOCK_TIMEOUT_MS = 3_000;
const COME_AGAIN_AFTER_MS = 1_000;

/**
 * Brings the schema up to date; safe to run by several processes at once, and again.
 *
 * @param onHeldUp told once if a table, or another migration, is in use by somebody: it is tried again, for an hour.
 * @returns the names of the migrations that ran now.
 * @throws what the failed migration threw; its changes are rolled back. Also if the database is newer than the code.
 */
export async function migrateToLatest(databaseUrl: string, onHeldUp = () => {}): Promise<string[]> {
  const db = openDatabase({
    url: databaseUrl,
    applicationName: 'replybell-migrate',
    maxConnections: 2,
    statementTimeoutMs: HOUR_MS,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  const untilMs = performance.now() + HOUR_MS;
  try {
    for (let tried = 1; ; tried += 1) {
      const { error, results } = await createMigrator(db).migrateToLatest();
      if (!error) return (results ?? []).map((result) => result.migrationName);
      if (!isConflict(error) || performance.now() > untilMs) throw explained(error);
      if (tried === 1) onHeldUp();
      await sleep(COME_AGAIN_AFTER_MS);
    }
  } finally {
    await db.destroy();
  }
}

/** Kysely calls a migration that the code doesn't have a corruption. */
function explained(error: unknown): unknown {
  const unknown =
    error instanceof Error && /previously executed migration (\S+) is missing/.exec(error.message);
  if (!unknown) return error;
  return new Error(
    `The database is newer than this code: it has ${unknown[1]}. ` +
      'Check out the release that it was migrated with, or a newer one; to stay with this one, restore a backup from before',
  );
}

/** The migrations that the running code has and the database lacks. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrations = await createMigrator(db).getMigrations();
  return migrations.filter((migration) => !migration.executedAt).map((migration) => migration.name);
}
