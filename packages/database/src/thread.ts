import type { Kysely } from 'kysely';
import { type Notification, notificationColumns } from './notifications.ts';
import type { Database } from './schema.ts';
import type { Message } from './tickets.ts';

/** A page of a thread, from its end: at most `limit` messages, those with an id below `beforeId` if it is given. */
type Page = { limit: number; beforeId?: number | undefined };

/** A ticket's messages, the newest first. */
export async function listMessages(
  db: Kysely<Database>,
  ticketId: number,
  { limit, beforeId }: Page,
): Promise<Message[]> {
  let query = db
    .selectFrom('support_messages')
    .select(['id', 'ticket_id as ticketId', 'author', 'message', 'created_at as createdAt'])
    .where('ticket_id', '=', ticketId)
    .orderBy('id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  return query.execute();
}

/** A message with, at an admin's reply, the notification that tells of it. */
export type MessageWithNotification = Message & { notification: Notification | null };

/** As `listMessages`, with what only admins see. */
export async function listMessagesWithNotifications(
  db: Kysely<Database>,
  ticketId: number,
  page: Page,
): Promise<MessageWithNotification[]> {
  const messages = await listMessages(db, ticketId, page);
  const notifications = await findNotificationsOf(
    db,
    messages.filter(({ author }) => author === 'admin').map(({ id }) => id),
  );
  return messages.map((message) => ({ ...message, notification: notifications.get(message.id) ?? null }));
}

/** The notifications of replies, by the ids of these. */
async function findNotificationsOf(
  db: Kysely<Database>,
  messageIds: number[],
): Promise<Map<number | null, Notification>> {
  if (messageIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('notifications as n')
    .select(notificationColumns)
    .select('n.message_id as messageId')
    .where((eb) => eb('n.message_id', '=', eb.fn.any(eb.val(messageIds))))
    .execute();
  return new Map(rows.map(({ messageId, ...notification }) => [messageId, notification]));
}
