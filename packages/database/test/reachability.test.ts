import { sql } from 'kysely';
import { expect, it } from 'vitest';
import {
  findNotification,
  findUser,
  markReachable,
  markUnreachable,
  parkUnlinked,
  settleUnreachable,
  updateUser,
} from '../src/index.ts';
import { claim, createReply, reading, replyTo, useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();
const blocked = { reason: 'bot_blocked' };

it('notes why a user can not be reached, as was found out last', async () => {
  const { db } = database;
  const { userId } = await createReply(db);
  for (const reason of ['bot_blocked', 'user_deactivated']) {
    await markUnreachable(db, { userId, reason });
    expect((await findUser(db, userId))?.unreachableReason).toBe(reason);
  }
});

it('frees what is parked when the user can be reached again', async () => {
  const { db } = database;
  const reply = await createReply(db);
  await markUnreachable(db, { userId: reply.userId, ...blocked });
  await settleUnreachable(db, {
    ...reading(),
    claim: await claim(db, reply),
    ...blocked,
    detail: 'Forbidden',
  });
  await markReachable(db, reply.userId);
  expect((await findNotification(db, reply.notificationId))?.status).toBe('pending');
  expect((await findUser(db, reply.userId))?.unreachableReason).toBeNull();
});

it('marks a user whom an attempt could not reach, and tells it to the next claim', async () => {
  const { db } = database;
  const reply = await createReply(db);
  const claimed = await claim(db, reply);
  expect(claimed.wasUnreachable).toBe(false);
  await settleUnreachable(db, { ...reading(), claim: claimed, ...blocked, detail: 'Forbidden' });
  expect(await findUser(db, reply.userId)).toMatchObject({ unreachableReason: 'bot_blocked' });
  const next = await replyTo(db, reply.ticketId);
  expect(await claim(db, next)).toMatchObject({ wasUnreachable: true });
});

it('does not mark a user who was unlinked while the attempt was under way', async () => {
  const { db } = database;
  const reply = await createReply(db);
  const claimed = await claim(db, reply);
  await updateUser(db, reply.userId, { telegramId: null });
  await settleUnreachable(db, { ...reading(), claim: claimed, ...blocked, detail: 'Forbidden' });
  expect((await findUser(db, reply.userId))?.unreachableReason).toBeNull();
});

it('keeps an attempt that fails late from parking for a user who has come back meanwhile', async () => {
  const { db } = database;
  const reply = await createReply(db);
  const claimed = await claim(db, reply);
  await markReachable(db, reply.userId);
  const refusal = { ...reading(), claim: claimed, ...blocked, detail: 'Forbidden' };
  expect(await settleUnreachable(db, refusal)).toBe('pending');
});

it('leaves a user without a Telegram id parked', async () => {
  const { db } = database;
  const reply = await createReply(db, { telegramId: null });
  await parkUnlinked(db, reply);
  await markReachable(db, reply.userId);
  expect((await findNotification(db, reply.notificationId))?.status).toBe('parked');
});

it('forgets the reason when the Telegram id is set by hand, and when it is removed', async () => {
  const { db } = database;
  const { userId } = await createReply(db);
  await markUnreachable(db, { userId, ...blocked });
  await sql`UPDATE users SET telegram_id = telegram_id WHERE id = ${userId}`.execute(db);
  expect((await findUser(db, userId))?.unreachableReason).toBeNull();

  await markUnreachable(db, { userId, ...blocked });
  await updateUser(db, userId, { telegramId: null });
  expect((await findUser(db, userId))?.unreachableReason).toBeNull();
});
