import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import {
  createReplyInserter,
  findChanges,
  listTickets,
  openDatabase,
  ticketPriorities,
  ticketStatuses,
} from '../src/index.ts';
import { createReply, useDatabaseWithSlots } from './fixtures.ts';

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

test('of the searches, whose plans are large, a connection keeps 20, and answers the others too', async () => {
  const { db, countPrepared } = openOne();
  const { ticketId, userId } = await createReply(db);
  await countPrepared();
  const before = (await countPrepared()) ?? 0;
  await listTickets(db, { limit: 10, q: 'balance' });
  await listTickets(db, { limit: 10, q: 'nobody' });
  expect(await countPrepared()).toBe(before + 1);
  for (const limit of [10, 50]) {
    for (const status of [undefined, ...ticketStatuses]) {
      for (const priority of [undefined, ...ticketPriorities]) {
        const { items } = await listTickets(db, {
          limit,
          userId,
          q: 'balance',
          ...(status && { status }),
          ...(priority && { priority }),
        });
        const isAmong = (status ?? 'waiting_user') === 'waiting_user' && (priority ?? 'medium') === 'medium';
        expect(items.map(({ id }) => id)).toEqual(isAmong ? [ticketId] : []);
      }
    }
  }
  expect(await countPrepared()).toBe(before + 20);
});

test('a reply is planned for the first calls only, not for each', async () => {
  const { db } = openOne();
  const { ticketId, userId } = await createReply(db);
  await sql`insert into support_tickets (user_id, subject) select ${userId}, 'Of many' from generate_series(1, 3000)`.execute(
    db,
  );
  await sql`analyze`.execute(db);
  const actor = { key: 'key:1', name: 'desk' };
  for (let time = 0; time < 12; time += 1) {
    const idempotency = { caller: 'key:1', key: `planned-${time}` };
    await createReplyInserter(db)({ ticketId, message: 'Again', requestId: null, actor, idempotency });
  }
  const { rows } = await sql<{ planned: number; run: number }>`
    select custom_plans as planned, custom_plans + generic_plans as run from pg_prepared_statements
    where statement like '%into support_messages%into idempotency_keys%' and statement not like '%custom_plans%'`.execute(
    db,
  );
  expect(rows).toEqual([{ planned: 5, run: 12 }]);
});

// The last here, as it leaves no names for others.
test('a connection keeps 500 statements at most, and answers the others too', async () => {
  const { db, countPrepared } = openOne();
  for (let text = 0; text < 600; text += 1) {
    const { rows } = await sql<{ answer: number }>`select ${sql.lit(text)}::integer as answer`.execute(db);
    expect(rows).toEqual([{ answer: text }]);
  }
  expect(await countPrepared()).toBeLessThanOrEqual(500);
});
