import type { Kysely } from 'kysely';
import { type Notification, notificationColumns } from './notifications.ts';
import type { Database } from './schema.ts';
import type { Message } from './tickets.ts';

/** A message with, at an admin's reply, the notification that tells of it. */
export type MessageWithNotification = Message & { notification: Notification | null };

/** As many as a ticket's thread shows at once. */
const PAGE = 100;

/**
 * The newest of a ticket's messages, from the oldest to the newest.
 *
 * @param page.limit at most so many; 100 if not given.
 * @param page.beforeId only messages older than this one.
 */
export async function listMessages(
  db: Kysely<Database>,
  ticketId: number,
  { limit = PAGE, beforeId }: { limit?: number; beforeId?: number } = {},
): Promise<MessageWithNotification[]> {
  let query = db
    .selectFrom('support_messages as m')
    .select(['m.id', 'm.ticket_id as ticketId', 'm.author', 'm.message', 'm.created_at as createdAt'])
    .where('m.ticket_id', '=', ticketId)
    .orderBy('m.id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('m.id', '<', beforeId);
  const messages = (await query.execute()).reverse();
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
