import { useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../src/index.ts';

const { db, url } = await useTestDatabase();

/** A connection to the database after it was set so. */
async function connectWith(setting: string) {
  await sql.raw(`alter database ${new URL(url).pathname.slice(1)} set ${setting}`).execute(db);
  const connected = openDatabase({ url, applicationName: 'test', maxConnections: 1 });
  onTestFinished(() => connected.destroy());
  return connected;
}

test('times are read as they are whatever form the database is set to', async () => {
  const german = await connectWith('datestyle = German');
  const time = new Date('2026-02-01T10:12:25.123Z');
  const { rows } = await sql<{ time: Date }>`select ${time}::timestamptz as time`.execute(german);
  expect(rows).toEqual([{ time }]);
});

test('a statement sees what was committed while it waited, whatever isolation the database is set to', async () => {
  const serializable = await connectWith("default_transaction_isolation = 'serializable'");
  const { rows } = await sql`show transaction_isolation`.execute(serializable);
  expect(rows).toEqual([{ transaction_isolation: 'read committed' }]);
});
