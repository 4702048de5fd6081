import { sql } from 'kysely';
import type { Db, NotificationStatus, Outcome } from './schema.ts';

export type Notification = {
  id: number;
  ticketId: number;
  userId: number;
  /** Whether another system keeps the ticket; `ticketId` is its number there. */
  foreign: boolean;
  /** Of another system's ticket; null if the ticket is ours. */
  subject: string | null;
  /** What the button opens in place of the Mini App; only another system's ticket may have one. */
  url: string | null;
  status: NotificationStatus;
  /** A stable code; null while nothing went wrong. */
  reason: string | null;
  /** Calls of sendMessage that were begun. */
  attempts: number;
  /** When it may be sent next; meaningful while it is pending. */
  dueAt: Date;
  telegramMessageId: number | null;
  createdAt: Date;
  sentAt: Date | null;
};

export type Attempt = {
  startedAt: Date;
  endedAt: Date | null;
  outcome: Outcome | null;
  reason: string | null;
  detail: string | null;
};

/** The columns of `Notification`, for a query on `notifications as n`. */
export const notificationColumns = [
  'n.id',
  'n.ticket_id as ticketId',
  'n.user_id as userId',
  sql<boolean>`(n.message_id is null)`.as('foreign'),
  'n.subject',
  'n.button_url as url',
  'n.status',
  'n.reason',
  sql<number>`(select count(*) from notification_attempts a where a.notification_id = n.id)`.as('attempts'),
  'n.due_at as dueAt',
  'n.telegram_message_id as telegramMessageId',
  'n.created_at as createdAt',
  'n.sent_at as sentAt',
] as const;

/**
 * A query for the ids of a user's notifications. By their tickets, on which there is an index; other systems' tickets have
 * no rows here.
 */
export const idsOfUser = (userId: number) => sql`
  select n.id from support_tickets t join notifications n on n.ticket_id = t.id
  where t.user_id = ${userId} and n.message_id is not null
  union all
  select id from notifications where user_id = ${userId} and message_id is null`;

export async function findNotification(
  db: Db,
  id: number,
): Promise<(Notification & { timeline: Attempt[] }) | undefined> {
  const notification = await db
    .selectFrom('notifications as n')
    .select(notificationColumns)
    .where('n.id', '=', id)
    .executeTakeFirst();
  if (!notification) return undefined;
  const timeline = await db
    .selectFrom('notification_attempts')
    .select(['started_at as startedAt', 'ended_at as endedAt', 'outcome', 'reason', 'detail'])
    .where('notification_id', '=', id)
    .orderBy('claim')
    .execute();
  return { ...notification, timeline };
}
