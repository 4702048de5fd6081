import { useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { isStorageUnavailable, openDatabase } from '../src/index.ts';

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

test('times are written and read exactly, and null in arrays is null, whatever the database is set to', async () => {
  await connectWith('extra_float_digits = -5');
  const odd = await connectWith('array_nulls = off');
  const { rows } = await sql<{ ms: number; texts: (string | null)[] }>`
    select 1234567890123.456::double precision as ms, ${'{null,a}'}::text[] as texts`.execute(odd);
  expect(rows).toEqual([{ ms: 1_234_567_890_123.456, texts: [null, 'a'] }]);
});

test('a database that takes no connections, or is not there, is an outage that an operator ends', async () => {
  const elsewhere = new URL(url);
  elsewhere.pathname += '_closed';
  const name = elsewhere.pathname.slice(1);
  const connect = async () => {
    const closed = openDatabase({ url: elsewhere.href, applicationName: 'test', maxConnections: 1 });
    const error = await sql`select`.execute(closed).catch((reason: unknown) => reason);
    await closed.destroy();
    return error;
  };
  const missing = await connect();
  await sql.raw(`create database ${name} allow_connections false`).execute(db);
  const closed = await connect();
  await sql.raw(`drop database ${name}`).execute(db);
  expect([missing, closed]).toMatchObject([{ code: '3D000' }, { code: '55000' }]);
  expect([missing, closed].map(isStorageUnavailable)).toEqual([true, true]);
});
