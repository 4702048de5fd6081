import { setTimeout as sleep } from 'node:timers/promises';
import { openTunnel } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { isDatabaseAway, openDatabase } from '../src/index.ts';
import { useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

const STATEMENT_TIMEOUT_MS = 100;
/** Longer than a server may be silent, which is two seconds more than a statement may take. */
const LONG_MS = 2_500;

test('a server that falls silent becomes an error, and an idle connection stays', async () => {
  const { url, fallSilent, close } = await openTunnel(database.url);
  onTestFinished(close);
  const db = openDatabase({ url, applicationName: 'test', statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  onTestFinished(() => db.destroy());
  const backend = async () =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;

  const before = await backend();
  await sleep(LONG_MS);
  expect(await backend()).toBe(before);

  fallSilent();
  const error = await backend().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: 'Query read timeout' });
  expect(isDatabaseAway(error)).toBe(true);
}, 20_000);
