import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createBatcher, findTicket, insertReply, listMessages, updateTicketStatus } from '../src/index.ts';
import { createReply, useTestDatabase } from './fixtures.ts';

const database = useTestDatabase();

describe('insertReply', () => {
  it('stores the reply, the ticket’s status and one notification', async () => {
    const { db } = database;
    const { ticketId, notificationId } = await createReply(db);
    expect(await findTicket(db, ticketId)).toMatchObject({ status: 'waiting_user' });
    expect(await listMessages(db, ticketId)).toMatchObject([
      { author: 'user', notification: null },
      {
        author: 'admin',
        message: 'Here.',
        notification: { id: notificationId, status: 'pending', attempts: 0 },
      },
    ]);
  });

  it('refuses a closed ticket and one that is not there, and stores nothing', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    await updateTicketStatus(db, ticketId, 'closed');
    const reply = { message: 'Too late', requestId: null };
    expect(await insertReply(db, { ticketId, ...reply })).toEqual({ kind: 'ticket_closed' });
    expect(await insertReply(db, { ticketId: 999_999, ...reply })).toEqual({ kind: 'ticket_not_found' });
    expect(await listMessages(db, ticketId)).toHaveLength(2);
  });

  it('promises nothing if the transaction is rolled back', async () => {
    const { db } = database;
    const { ticketId } = await createReply(db);
    const before = await sql`select id from notifications`.execute(db);
    await expect(
      db.transaction().execute(async (trx) => {
        await insertReply(trx, { ticketId, message: 'Never', requestId: null });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect((await sql`select id from notifications`.execute(db)).rows).toHaveLength(before.rows.length);
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

  it('repeats a failed batch one by one, so that a bad item fails alone', async () => {
    const run = createBatcher(async (items: number[]) => {
      if (items.includes(13)) throw new Error('bad item');
      return items;
    });
    const results = await Promise.allSettled([1, 13, 2].map(run));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
