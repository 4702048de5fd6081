import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  createBatcher,
  createReplyInserter,
  findTicket,
  listMessagesWithNotifications,
  updateTicket,
} from '../src/index.ts';
import { createReply, useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

const listThread = (ticketId: number) => listMessagesWithNotifications(database.db, ticketId, { limit: 100 });

describe('createReplyInserter', () => {
  it('stores the reply, the ticket’s status and one notification', async () => {
    const { db } = database;
    const { ticketId, notificationId } = await createReply(db);
    expect(await findTicket(db, ticketId)).toMatchObject({ status: 'waiting_user' });
    expect(await listThread(ticketId)).toMatchObject([
      {
        author: 'admin',
        message: 'Here.',
        notification: { id: notificationId, status: 'pending', attempts: 0 },
      },
      { author: 'user', notification: null },
    ]);
  });

  it('refuses a closed ticket and one that is not there, and stores nothing', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    await updateTicket(db, ticketId, { status: 'closed' });
    const reply = { message: 'Too late', requestId: null };
    expect(await createReplyInserter(db)({ ticketId, ...reply })).toEqual({ kind: 'ticket_closed' });
    expect(await createReplyInserter(db)({ ticketId: 999_999, ...reply })).toEqual({
      kind: 'ticket_not_found',
    });
    expect(await listThread(ticketId)).toHaveLength(2);
  });

  it('promises nothing if the transaction is rolled back', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    const before = await sql`select id from notifications`.execute(db);
    await expect(
      db.transaction().execute(async (trx) => {
        await createReplyInserter(trx)({ ticketId, message: 'Never', requestId: null });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect((await sql`select id from notifications`.execute(db)).rows).toHaveLength(before.rows.length);
  });
});

describe('createReplyInserter', () => {
  it('stores other replies while a ticket is held by somebody else, and that one’s after', async () => {
    const { db } = database;
    const [held, other] = [await createReply(db), await createReply(db)];
    const insert = createReplyInserter(db);
    const reply = (ticketId: number) => insert({ ticketId, message: 'Both at once', requestId: null });
    let waiting: ReturnType<typeof reply> | undefined;
    await db.transaction().execute(async (trx) => {
      await sql`select from support_tickets where id = ${held.ticketId} for update`.execute(trx);
      waiting = reply(held.ticketId);
      const from = performance.now();
      expect(await reply(other.ticketId)).toMatchObject({ kind: 'inserted' });
      expect(performance.now() - from).toBeLessThan(1_000);
      expect(await listThread(held.ticketId)).toHaveLength(2);
    });
    expect(await waiting).toMatchObject({ kind: 'inserted', reply: { ticketId: held.ticketId } });
    expect(await listThread(held.ticketId)).toHaveLength(3);
  });

  it('waits for nobody who holds the user’s row', async () => {
    const { db } = database;
    const { ticketId, userId } = await createReply(db);
    await db.transaction().execute(async (trx) => {
      await sql`select from users where id = ${userId} for update`.execute(trx);
      const reply = { ticketId, message: 'At once', requestId: null };
      expect(await createReplyInserter(db)(reply)).toMatchObject({ kind: 'inserted' });
    });
  });

  it('gives up after four seconds, and has stored nothing', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    await db.transaction().execute(async (trx) => {
      await sql`select from support_tickets where id = ${ticketId} for update`.execute(trx);
      await expect(
        createReplyInserter(db)({ ticketId, message: 'Never', requestId: null }),
      ).rejects.toMatchObject({ code: '55P03' });
    });
    expect(await listThread(ticketId)).toHaveLength(2);
  });

  it('stores replies that come at the same time, each for its own ticket and with its own answer', async () => {
    const { db } = database;
    const insert = createReplyInserter(db);
    const tickets = await Promise.all(Array.from({ length: 5 }, () => createReply(db)));
    const closed = await createReply(db);
    await updateTicket(db, closed.ticketId, { status: 'closed' });
    const wanted = [...tickets, ...tickets, closed].map(({ ticketId }, index) => ({
      ticketId,
      message: `message ${index}`,
      requestId: null,
    }));
    const results = await Promise.all([
      ...wanted.map(insert),
      insert({ ...closed, message: 'x', requestId: null }),
    ]);
    expect(results.slice(0, 10)).toMatchObject(
      wanted
        .slice(0, 10)
        .map(({ ticketId, message }) => ({ kind: 'inserted', reply: { ticketId, message } })),
    );
    expect(results.slice(10)).toEqual([{ kind: 'ticket_closed' }, { kind: 'ticket_closed' }]);
    const stored = await Promise.all(tickets.map(({ ticketId }) => listThread(ticketId)));
    expect(stored.flat().filter((message) => message.notification)).toHaveLength(15);
  });

  it('lets a taken key fail its own request only', async () => {
    const { db } = database;
    const insert = createReplyInserter(db);
    const { ticketId } = await createReply(db);
    const reply = (message: string, key: string) =>
      insert({ ticketId, message, requestId: null, idempotency: { caller: 'batch', key } });
    const first = await reply('Once', 'k1');
    const results = await Promise.all([
      reply('New', 'k2'),
      reply('Once', 'k1'),
      reply('Other', 'k1'),
      reply('New', 'k2'),
    ]);
    expect(results[1]).toEqual(first);
    expect(results[2]).toEqual({ kind: 'key_reused' });
    expect(results[0]).toMatchObject({ kind: 'inserted' });
    expect(results[3]).toEqual(results[0]);
  });
});

describe('createBatcher', () => {
  it('sends what waits together as one batch and answers each caller with its own result', async () => {
    const sizes: number[] = [];
    const double = createBatcher(async (items: number[]) => {
      sizes.push(items.length);
      await sleep(5);
      return items.map((item) => item * 2);
    });
    const first = double(1);
    await sleep(1);
    expect(await Promise.all([first, ...[2, 3, 4].map(double)])).toEqual([2, 4, 6, 8]);
    expect(sizes).toEqual([1, 3]);
  });

  it.each([
    ['whose answer was lost, as it may be stored', 'ECONNRESET'],
    ['whose connection broke while it was written', 'EPIPE'],
    ['that took too long, as each of it would do so too', '57014'],
    ['that a full disk refused', '53100'],
    ['that a server refused that takes no changes', '25006'],
  ])('repeats nothing of a batch %s', async (_why, code) => {
    const runs: number[][] = [];
    const run = createBatcher(async (items: number[]) => {
      runs.push(items);
      throw Object.assign(new Error('Not now'), { code });
    });
    const results = await Promise.allSettled([1, 2, 3].map(run));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(runs).toEqual([[1, 2, 3]]);
  });

  it('repeats a refused batch one by one, so that a bad item fails alone', async () => {
    const run = createBatcher(async (items: number[]) => {
      if (items.includes(13)) throw Object.assign(new Error('bad item'), { code: '22P02' });
      return items;
    });
    const results = await Promise.allSettled([1, 13, 2].map(run));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
