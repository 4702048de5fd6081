import { createTestDatabase } from '@replybell/testing';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll } from 'vitest';
import {
  type Claim,
  claimNotifications,
  type Database,
  insertReply,
  insertTicket,
  insertUser,
  openDatabase,
  type Settlement,
} from '../src/index.ts';

/** A migrated database for the calling file, opened before its tests and dropped after them. */
export function useTestDatabase(): { readonly db: Kysely<Database>; readonly url: string } {
  let db: Kysely<Database> | undefined;
  let url = '';
  let drop: () => Promise<void> = async () => {};
  beforeAll(async () => {
    const database = await createTestDatabase();
    ({ url } = database);
    drop = () => database.drop();
    db = openDatabase({ url, applicationName: 'test', maxConnections: 10 });
  });
  afterAll(async () => {
    await db?.destroy();
    await drop();
  });
  return {
    get db() {
      if (!db) throw new Error('The database is opened in beforeAll');
      return db;
    },
    get url() {
      return url;
    },
  };
}

let nextTelegramId = 1_000;
export const freshTelegramId = () => ++nextTelegramId;

/** A user with a ticket and a reply; the notification is pending and due. */
export async function createReply(
  db: Kysely<Database>,
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
  db: Kysely<Database>,
  ticketId: number,
): Promise<{ ticketId: number; notificationId: number; epoch: number }> {
  const reply = await insertReply(db, { ticketId, message: 'Here.', requestId: 'request-1' });
  if (reply.kind !== 'inserted') throw new Error(reply.kind);
  return { ticketId, notificationId: reply.notification.id, epoch: reply.notification.epoch };
}

export const LEASE_MS = 60_000;

export async function claim(
  db: Kysely<Database>,
  { notificationId, epoch, run = 0 }: { notificationId: number; epoch: number; run?: number },
  leaseMs = LEASE_MS,
): Promise<Claim> {
  const [result] = await claimNotifications(db, [{ notificationId, epoch, run }], leaseMs);
  if (result?.kind !== 'claimed') throw new Error(`Not claimed: ${JSON.stringify(result)}`);
  return result.claim;
}

export const sentSettlement = (of: Claim): Settlement => ({
  notificationId: of.notificationId,
  claim: of.claim,
  outcome: 'sent',
  status: 'sent',
  reason: null,
  detail: null,
  retryInMs: null,
  telegramMessageId: 77,
});

export const retrySettlement = (of: Claim, retryInMs: number): Settlement => ({
  ...sentSettlement(of),
  outcome: 'retry',
  status: 'pending',
  reason: 'telegram_error',
  detail: 'Internal Server Error',
  retryInMs,
  telegramMessageId: null,
});
