import { openDatabase } from '@replybell/database';
import { createTestDatabase, startEmbeddedPostgres, startEntry } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, it } from 'vitest';

const startMigrate = (env: Record<string, string>) =>
  startEntry('Migrate', 'apps/operator/src/migrate.ts', env);
const outputOf = ({ lines }: Awaited<ReturnType<typeof startMigrate>>) =>
  lines.map((line) => line.text).join('\n');

it('waits for a Postgres that is still starting, then names the migrations that ran', async () => {
  const postgres = await startEmbeddedPostgres({ durable: false });
  try {
    await postgres.kill();
    const migrate = await startMigrate({ DATABASE_URL: postgres.url });
    await migrate.waitForLog('Waiting for Postgres');
    await postgres.restart();
    expect((await migrate.exited).code).toBe(0);
    expect(outputOf(migrate)).toMatch(/Migrated: 0001-initial[\s\S]*is up to date/);

    const wrong = await startMigrate({ DATABASE_URL: postgres.url.replace(/:[^:@]+@/, ':wrong-password@') });
    expect((await wrong.exited).code).toBe(1);
    expect(outputOf(wrong)).toContain('could not be migrated: password authentication failed');
    expect(outputOf(wrong)).toContain('Correct user and password in DATABASE_URL');
    expect(outputOf(wrong)).not.toContain('wrong-password');
  } finally {
    await postgres.stop();
  }
});

it('does nothing when everything is there', async () => {
  const database = await createTestDatabase();
  const migrate = await startMigrate({ DATABASE_URL: database.url });
  expect((await migrate.exited).code).toBe(0);
  expect(outputOf(migrate)).not.toContain('Migrated');
  await database.drop();
});

it('says so when the database is newer than the code', async () => {
  const database = await createTestDatabase();
  const db = openDatabase({ url: database.url, applicationName: 'migrate-test', maxConnections: 1 });
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', now())`.execute(db);
  await db.destroy();
  const migrate = await startMigrate({ DATABASE_URL: database.url });
  expect((await migrate.exited).code).toBe(1);
  expect(outputOf(migrate)).toMatch(/The database is newer than this code: it has 9999-later. Check out/);
  await database.drop();
});

it('exits 78 and names every problem when the configuration is wrong', async () => {
  const migrate = await startMigrate({ DATABASE_URL: 'mysql://host/db', API_PORT: 'three' });
  expect((await migrate.exited).code).toBe(78);
  expect(outputOf(migrate)).toMatch(/DATABASE_URL must be[\s\S]*API_PORT must be/);
});
