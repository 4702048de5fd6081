import { countWaiting } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import {
  eraseUser,
  findNotification,
  insertTicket,
  parkUnlinked,
  updatePreferences,
  withdrawByAdmin,
  withdrawMuted,
  withdrawSeen,
} from '../src/index.ts';
import {
  claim,
  createReply,
  replyTo,
  retry,
  sent,
  settle,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();

async function stateOf(notificationId: number) {
  const notification = await findNotification(database.db, notificationId);
  return [notification?.status, notification?.reason];
}

async function setStatus(notificationId: number, status: string) {
  await sql`update notifications set status = ${status} where id = ${notificationId}`.execute(database.db);
}

async function mute(userId: number) {
  await sql`update users set muted_at = now() where id = ${userId}`.execute(database.db);
}

/** The ids of a ticket's messages, replies and others. */
async function messagesOf(ticketId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from support_messages where ticket_id = ${ticketId} order by id`.execute(database.db);
  return rows.map((row) => row.id);
}

it('withdraws what waits for a reply that the user has seen, and its job finds nothing to do', async () => {
  const { db } = database;
  const reply = await createReply(db);
  expect(await withdrawSeen(db, await messagesOf(reply.ticketId))).toBe(1);
  expect(await stateOf(reply.notificationId)).toEqual(['withdrawn', 'seen_in_app']);
  expect(await tryToClaim(db, [reply])).toEqual([{ kind: 'stale', status: 'withdrawn' }]);
  expect(await withdrawSeen(db, await messagesOf(reply.ticketId))).toBe(0);
});

it('withdraws also what is parked, and linking the user later frees nothing', async () => {
  const { db } = database;
  const reply = await createReply(db, { telegramId: null });
  await parkUnlinked(db, reply);
  await withdrawSeen(db, await messagesOf(reply.ticketId));
  await sql`update users set telegram_id = 424242 where id = ${reply.userId}`.execute(db);
  expect(await stateOf(reply.notificationId)).toEqual(['withdrawn', 'seen_in_app']);
});

it('leaves what is being sent to the worker that sends it', async () => {
  const { db } = database;
  const reply = await createReply(db);
  const claimed = await claim(db, reply);
  await mute(reply.userId);
  expect(await withdrawSeen(db, await messagesOf(reply.ticketId))).toBe(0);
  expect(await withdrawMuted(db, reply.userId)).toBe(0);
  expect(await settle(db, sent(claimed))).toEqual(['settled']);
  expect(await stateOf(reply.notificationId)).toEqual(['sent', null]);
});

it('leaves replies that were not shown', async () => {
  const { db } = database;
  const first = await createReply(db);
  const shown = await messagesOf(first.ticketId);
  const second = await replyTo(db, first.ticketId);
  expect(await withdrawSeen(db, shown)).toBe(1);
  expect(await stateOf(second.notificationId)).toEqual(['pending', null]);
});

it('keeps a notification that speaks for a reply that was not shown', async () => {
  const { db } = database;
  const speaker = await createReply(db);
  const shown = await messagesOf(speaker.ticketId);
  const folded = await replyTo(db, speaker.ticketId);
  await sql`
    update notifications set status = 'folded', folded_into = ${speaker.notificationId}
    where id = ${folded.notificationId}`.execute(db);
  expect(await withdrawSeen(db, shown)).toBe(0);
  expect(await withdrawSeen(db, await messagesOf(speaker.ticketId))).toBe(1);
});

it("withdraws all that waits for a muted user, other systems' tickets too, and nothing of others", async () => {
  const { db } = database;
  const [reply, other] = [await createReply(db), await createReply(db)];
  const ticket = { userId: reply.userId, subject: 's', message: 'm', priority: 'low' } as const;
  const opened = await insertTicket(db, ticket);
  if (opened.kind !== 'inserted') throw new Error(opened.kind);
  const parked = await replyTo(db, opened.ticket.id);
  await setStatus(parked.notificationId, 'parked');
  // Another system's ticket with the number of somebody else's.
  const foreign = (userId: number) => sql<{ id: number }>`
    insert into notifications (ticket_id, user_id, subject) values (${other.ticketId}, ${userId}, 's') returning id`;
  const own = (await foreign(reply.userId).execute(db)).rows[0]?.id ?? 0;

  await mute(reply.userId);
  expect(await withdrawMuted(db, reply.userId)).toBe(3);
  for (const id of [reply.notificationId, parked.notificationId, own]) {
    expect(await stateOf(id)).toEqual(['withdrawn', 'muted']);
  }
  expect(await stateOf(other.notificationId)).toEqual(['pending', null]);
});

it('a reply to a user who is muted already is not claimed', async () => {
  const { db } = database;
  const reply = await createReply(db);
  await mute(reply.userId);
  expect(await tryToClaim(db, [reply])).toMatchObject([{ kind: 'muted', claims: 0 }]);
  expect((await findNotification(db, reply.notificationId))?.timeline).toEqual([]);
});

it('withdraws nothing of a user who was found muted and wants messages again', async () => {
  const { db } = database;
  const reply = await createReply(db);
  await mute(reply.userId);
  expect(await tryToClaim(db, [reply])).toMatchObject([{ kind: 'muted' }]);
  await updatePreferences(db, reply.userId, { muted: false });
  const later = await replyTo(db, reply.ticketId);
  expect(await withdrawMuted(db, reply.userId, reply.notificationId)).toBe(0);
  expect(await stateOf(later.notificationId)).toEqual(['pending', null]);
});

it.each(['failed', 'unknown'])(
  'withdraws what is %s of a muted user if its job is retried',
  async (status) => {
    const { db } = database;
    const [reply, another] = [await createReply(db), await createReply(db)];
    for (const { notificationId } of [reply, another]) await setStatus(notificationId, status);
    await mute(reply.userId);
    expect(await withdrawMuted(db, reply.userId)).toBe(0);
    expect(await withdrawMuted(db, reply.userId, reply.notificationId)).toBe(1);
    expect(await stateOf(reply.notificationId)).toEqual(['withdrawn', 'muted']);
    expect(await stateOf(another.notificationId)).toEqual([status, null]);
  },
);

it.each(['pending', 'parked', 'failed', 'unknown'])('lets an admin withdraw what is %s', async (status) => {
  const { db } = database;
  const reply = await createReply(db);
  await setStatus(reply.notificationId, status);
  expect(await withdrawByAdmin(db, reply.notificationId)).toEqual({ kind: 'done' });
  expect(await stateOf(reply.notificationId)).toEqual(['withdrawn', 'withdrawn_by_admin']);
});

it('lets no admin withdraw what is sent or being sent', async () => {
  const { db } = database;
  const reply = await createReply(db);
  const claimed = await claim(db, reply);
  expect(await withdrawByAdmin(db, reply.notificationId)).toEqual({ kind: 'refused', status: 'sending' });
  await settle(db, sent(claimed));
  expect(await withdrawByAdmin(db, reply.notificationId)).toEqual({ kind: 'refused', status: 'sent' });
  expect(await withdrawByAdmin(db, 999_999)).toEqual({ kind: 'not_found' });
});

it('keeps what came to speak for an unseen reply while the withdrawal waited for another row', async () => {
  const { db } = database;
  const [other, speaker] = [await createReply(db), await createReply(db)];
  const shown = [...(await messagesOf(other.ticketId)), ...(await messagesOf(speaker.ticketId))];
  let withdrawing: Promise<number> = Promise.resolve(0);
  await db.transaction().execute(async (trx) => {
    await sql`select from notifications where id = ${other.notificationId} for update`.execute(trx);
    withdrawing = withdrawSeen(db, shown);
    await vi.waitFor(async () => expect(await countWaiting(db)).toBe(1));
    const unseen = await replyTo(db, speaker.ticketId);
    await settle(db, retry(await claim(db, speaker, { folding: true }), 0));
    expect(await stateOf(unseen.notificationId)).toEqual(['folded', null]);
  });
  expect(await withdrawing).toBe(1);
  expect((await stateOf(speaker.notificationId))[0]).toBe('pending');
});

it('lets claims and withdrawals race, and each notification has one of both ends', async () => {
  const { db } = database;
  for (let round = 0; round < 30; round += 1) {
    const reply = await createReply(db);
    const messages = await messagesOf(reply.ticketId);
    const [[claimed], withdrawn] = await Promise.all([tryToClaim(db, [reply]), withdrawSeen(db, messages)]);
    expect([claimed?.kind === 'claimed', withdrawn]).toEqual(withdrawn === 0 ? [true, 0] : [false, 1]);
    expect(await stateOf(reply.notificationId)).toEqual(
      withdrawn ? ['withdrawn', 'seen_in_app'] : ['sending', null],
    );
  }
});

it.each([
  ...['pending', 'parked', 'failed', 'unknown'].map((status) => [status, 'withdrawn']),
  ...['sent', 'expired'].map((status) => [status, status]),
])('what is %s when its user is erased is %s afterwards', async (status = '', expected) => {
  const { db } = database;
  const reply = await createReply(db);
  await setStatus(reply.notificationId, status);
  await db.transaction().execute((trx) => eraseUser(trx, reply.userId));
  expect((await stateOf(reply.notificationId))[0]).toBe(expected);
});
