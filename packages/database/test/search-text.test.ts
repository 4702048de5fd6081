import { useTestDatabase } from '@replybell/testing';
import { type RawBuilder, sql } from 'kysely';
import { expect, it } from 'vitest';
import { type Db, eraseUser, insertTicket, insertUser, listTickets, updateUser } from '../src/index.ts';
import { ticketHolds, ticketIds } from '../src/search.ts';

const { db } = await useTestDatabase();

const createUser = async (username: string) =>
  (await insertUser(db, { username, telegramId: null, locale: 'ru' })).id;

async function openTicket(on: Db, userId: number): Promise<number> {
  const opened = await insertTicket(on, { userId, subject: 'Balance', message: 'm', priority: 'medium' });
  if (opened.kind !== 'inserted') throw new Error(opened.kind);
  return opened.ticket.id;
}

const find = async (q: string) => (await listTickets(db, { limit: 50, q })).items.map(({ id }) => id);

/** Whether the promise is still open after a while in which it would have been settled if it waited for nobody. */
const isWaiting = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => false), new Promise((resolve) => setTimeout(resolve, 200, true))]);

it('finds tickets by the name that their user has now, and by the subject that they have now', async () => {
  const userId = await createUser('Agatha');
  const ticket = await openTicket(db, userId);
  expect(await find('agatha')).toEqual([ticket]);
  await updateUser(db, userId, { username: 'Berenice' });
  await sql`update support_tickets set subject = 'Voucher' where id = ${ticket}`.execute(db);
  expect([await find('agatha'), await find('balance')]).toEqual([[], []]);
  expect([await find('berenice'), await find('voucher')]).toEqual([[ticket], [ticket]]);
});

it('finds a ticket that was moved to another user by that user’s name only', async () => {
  const [from, into] = [await createUser('Clotilde'), await createUser('Dorothea')];
  const ticket = await openTicket(db, from);
  await sql`update support_tickets set user_id = ${into} where id = ${ticket}`.execute(db);
  expect([await find('clotilde'), await find('dorothea')]).toEqual([[], [ticket]]);
});

it('finds nothing of an erased user', async () => {
  const userId = await createUser('Euphemia');
  const ticket = await openTicket(db, userId);
  await db.transaction().execute((trx) => eraseUser(trx, userId));
  expect(await find('euphemia')).toEqual([]);
  expect(await find(`erased-${userId}`)).toEqual([ticket]);
});

it('finds nothing across the end of the subject', async () => {
  await openTicket(db, await createUser('Frederica'));
  expect(await find('balance frederica')).toEqual([]);
});

it('knows the name of a user who is made by the same statement', async () => {
  const { rows } = await sql<{ id: number }>`
    with made as (insert into users (username) values ('Griselda') returning id)
    insert into support_tickets (user_id, subject) select id, 'Balance' from made returning id`.execute(db);
  expect(await find('griselda')).toEqual(rows.map(({ id }) => id));
});

it('finds a ticket that is opened while its user is renamed', async () => {
  const userId = await createUser('Henrietta');
  const renaming = await db.startTransaction().execute();
  await sql`update users set username = 'Isadora' where id = ${userId}`.execute(renaming);
  const opening = openTicket(db, userId);
  expect(await isWaiting(opening)).toBe(true);
  await renaming.commit().execute();
  const ticket = await opening;
  expect(await find('isadora')).toEqual([ticket]);
});

it('finds the ticket of a user who is renamed while it is opened', async () => {
  const userId = await createUser('Josephine');
  const opening = await db.startTransaction().execute();
  const { rows } = await sql<{ id: number }>`
    insert into support_tickets (user_id, subject) values (${userId}, 'Balance') returning id`.execute(
    opening,
  );
  const renaming = updateUser(db, userId, { username: 'Kunigunde' });
  expect(await isWaiting(renaming)).toBe(true);
  await opening.commit().execute();
  await renaming;
  expect(await find('kunigunde')).toEqual(rows.map(({ id }) => id));
});

it('finds ё by е and е by ё', async () => {
  const ticket = await openTicket(db, await createUser('Семён Ежов'));
  await sql`update support_tickets set subject = 'Чёрный ЁЖ' where id = ${ticket}`.execute(db);
  for (const q of ['чёрный', 'черный', 'ёж', 'ЕЖ', 'семен', 'СЕМЁН', 'ёжов', 'ё'])
    expect([q, await find(q)]).toEqual([q, [ticket]]);
});

it('finds the same by the index of words as by reading the tickets', async () => {
  const texts = [
    'ёлка Ёлка елка',
    'РЕФАНД  50% \\ _ за\tзаказ 🎁🎁🎁',
    ' two\u00a0kinds\u2003of blank\u3000',
    'e\u0301tude ÉTUDE straße İstanbul ΣΑΣ',
    '👨‍👩‍👧 \u202eright to left',
    "'; drop table users; --",
    'a',
    '',
    '\ufeffzero\u200bwidth',
  ];
  for (const username of texts) {
    const userId = await createUser(username);
    for (const subject of texts) {
      await insertTicket(db, { userId, subject, message: 'm', priority: 'medium' });
    }
  }
  const idsOf = async (query: RawBuilder<{ id: number }>) =>
    (await query.execute(db)).rows.map(({ id }) => id).sort((one, other) => one - other);
  for (const text of texts) {
    const pieces = text
      .split('')
      .flatMap((_, from) => [1, 2, 3, 5, 12].map((length) => text.slice(from, from + length)));
    for (const q of new Set(pieces.filter((piece) => piece.isWellFormed() && piece.trim() !== ''))) {
      const read = await idsOf(sql`select id from support_tickets where ${ticketHolds(q)}`);
      expect([...new Set(await idsOf(ticketIds(q)))], JSON.stringify(q)).toEqual(read);
    }
  }
});
