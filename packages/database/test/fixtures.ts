import { randomUUID } from 'node:crypto';
import { claimOptions, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import {
  type Claim,
  type ClaimOptions,
  type ClaimResult,
  claimNotifications,
  createReplyInserter,
  type Db,
  ensureBotSlots,
  insertTicket,
  insertUser,
  releaseClaim,
  type Settlement,
  settleNotifications,
} from '../src/index.ts';

/** A database for the calling file, with more slots in the bot's pace than its claims take. */
export async function useDatabaseWithSlots(): ReturnType<typeof useTestDatabase> {
  const database = await useTestDatabase();
  await ensureBotSlots(database.db, 1_000);
  await sql`update bot_slots set free_at = now()`.execute(database.db);
  return database;
}

let nextTelegramId = 1_000;
export const freshTelegramId = () => ++nextTelegramId;

/** A user with a ticket and a reply; the notification is pending and due. */
export async function createReply(
  db: Db,
  { telegramId = freshTelegramId() }: { telegramId?: number | null } = {},
): Promise<{ userId: number; ticketId: number; notificationId: number; epoch: number }> {
  const user = await insertUser(db, { username: 'anna', telegramId, locale: 'ru' });
  const inserted = await insertTicket(db, {
    userId: user.id,
    subject: 'Balance <3',
    message: 'Where is my money?',
    priority: 'medium',
  });
  if (inserted.kind !== 'inserted') throw new Error(inserted.kind);
  return { userId: user.id, ...(await replyTo(db, inserted.ticket.id)) };
}

export async function replyTo(
  db: Db,
  ticketId: number,
): Promise<{ ticketId: number; notificationId: number; epoch: number }> {
  const reply = await createReplyInserter(db)({ ticketId, message: 'Here.', requestId: 'request-1' });
  if (reply.kind !== 'inserted') throw new Error(reply.kind);
  return { ticketId, notificationId: reply.notification.id, epoch: reply.notification.epoch };
}

/** Claims one by one, as the tests need it; the slots of the pace are as many as it takes. */
export async function tryToClaim(
  db: Db,
  keys: { notificationId: number; epoch: number; run?: number; token?: string; isRepeated?: boolean }[],
  options: Partial<ClaimOptions> = {},
): Promise<ClaimResult[]> {
  const requests = keys.map((key) => ({ run: 0, token: randomUUID(), ...key }));
  return claimNotifications(db, requests, { ...claimOptions, ...options });
}

export async function claim(
  db: Db,
  key: { notificationId: number; epoch: number; run?: number; token?: string; isRepeated?: boolean },
  options: Partial<ClaimOptions> = {},
): Promise<Claim> {
  const [result] = await tryToClaim(db, [key], options);
  if (result?.kind !== 'claimed') throw new Error(`Not claimed: ${JSON.stringify(result)}`);
  return result.claim;
}

/** Claims of another lease only lose their slots a little later or sooner. */
export const release = (db: Db, of: Claim) => releaseClaim(db, of, claimOptions.leaseMs);

export const reading = () => ({ answeredAtMs: performance.now(), leastRoundTripMs: 0, heldRetryInMs: 5_000 });

export const settle = (db: Db, ...settlements: Settlement[]) =>
  settleNotifications(db, settlements, claimOptions.chatIntervalMs);

export const sent = (of: Claim): Settlement => ({
  ...reading(),
  claim: of,
  outcome: 'sent',
  status: 'sent',
  reason: null,
  detail: null,
  retryInMs: null,
  counts: false,
  telegramMessageId: 77,
});

export const retry = (of: Claim, retryInMs: number): Settlement => ({
  ...sent(of),
  outcome: 'retry',
  status: 'pending',
  reason: 'telegram_error',
  detail: 'Internal Server Error',
  retryInMs,
  counts: true,
  telegramMessageId: null,
});
