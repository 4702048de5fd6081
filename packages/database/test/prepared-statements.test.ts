import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { findChanges, openDatabase } from '../src/index.ts';
import { useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

const openOne = () => {
  const db = openDatabase({ url: database.url, applicationName: 'test', maxConnections: 1 });
  onTestFinished(() => db.destroy());
  const countPrepared = async () =>
    (await sql<{ count: number }>`select count(*) from pg_prepared_statements`.execute(db)).rows[0]?.count;
  return { db, countPrepared };
};

test('looking for changes again and again leaves no statements behind', async () => {
  const { db, countPrepared } = openOne();
  const look = (sinceMicros: number) => findChanges(db, { sinceMicros, limit: 10 });
  await look(1);
  await countPrepared();
  const before = await countPrepared();
  for (let time = 2; time < 20; time += 1) await look(time);
  expect(await countPrepared()).toBe(before);
});

test('a connection keeps 500 statements at most, and answers the others too', async () => {
  const { db, countPrepared } = openOne();
  for (let text = 0; text < 600; text += 1) {
    const { rows } = await sql<{ answer: number }>`select ${sql.lit(text)}::integer as answer`.execute(db);
    expect(rows).toEqual([{ answer: text }]);
  }
  expect(await countPrepared()).toBeLessThanOrEqual(500);
});
