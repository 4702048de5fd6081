import { type Notification, notificationColumns } from './notifications.ts';
import type { PageRequest } from './page-request.ts';
import type { Db } from './schema.ts';
import type { Message } from './tickets.ts';

/** A ticket's messages, the newest first. */
export async function listMessages(db: Db, ticketId: number, page: PageRequest): Promise<Message[]> {
  return messagesOf(db, ticketId, page).execute();
}

function messagesOf(db: Db, ticketId: number, { limit, beforeId }: PageRequest) {
  const query = db
    .selectFrom('support_messages')
    .select(['id', 'ticket_id as ticketId', 'author', 'message', 'created_at as createdAt'])
    .where('ticket_id', '=', ticketId)
    .orderBy('id', 'desc')
    .limit(limit);
  return beforeId === undefined ? query : query.where('id', '<', beforeId);
}

/** A message with, at an admin's reply, the notification that tells of it. */
export type MessageWithNotification = Message & { notification: Notification | null };

/** As `listMessages`, with what only admins see. */
export async function listMessagesWithNotifications(
  db: Db,
  ticketId: number,
  page: PageRequest,
): Promise<MessageWithNotification[]> {
  const rows = await db
    .selectFrom(messagesOf(db, ticketId, page).as('m'))
    .leftJoin('notifications as n', 'n.message_id', 'm.id')
    .select(['m.id as messageId', 'm.author', 'm.message', 'm.createdAt as writtenAt'])
    .select(notificationColumns)
    .orderBy('m.id', 'desc')
    .execute();
  return rows.map(({ messageId, author, message, writtenAt, ...notification }) => ({
    id: messageId,
    ticketId,
    author,
    message,
    createdAt: writtenAt,
    // Without one its id is null; what is computed, `foreign` and `attempts`, is not.
    notification: notification.id === null ? null : (notification as Notification),
  }));
}
