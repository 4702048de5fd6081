import { type Kysely, sql } from 'kysely';
import { type Notification, notificationColumns } from './notifications.ts';
import type { Database, TicketPriority, TicketStatus } from './schema.ts';
import { inTransaction } from './transaction.ts';

export type Ticket = {
  id: number;
  userId: number;
  subject: string;
  status: TicketStatus;
  priority: TicketPriority;
  createdAt: Date;
  updatedAt: Date;
};

export type Message = {
  id: number;
  ticketId: number;
  author: 'user' | 'admin';
  message: string;
  createdAt: Date;
};

/** A message with, at an admin's reply, the notification that tells of it. */
export type MessageWithNotification = Message & { notification: Notification | null };

const ticketColumns = [
  'id',
  'user_id as userId',
  'subject',
  'status',
  'priority',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export type InsertedTicket = { kind: 'inserted'; ticket: Ticket } | { kind: 'user_not_found' };

/** Opens a ticket with its first message, the user's. */
export async function insertTicket(
  db: Kysely<Database>,
  ticket: { userId: number; subject: string; message: string; priority: TicketPriority },
): Promise<InsertedTicket> {
  return inTransaction(db, async (trx) => {
    const user = await trx
      .selectFrom('users')
      .select('id')
      .where('id', '=', ticket.userId)
      .forKeyShare()
      .executeTakeFirst();
    if (!user) return { kind: 'user_not_found' };
    const inserted = await trx
      .insertInto('support_tickets')
      .values({ user_id: ticket.userId, subject: ticket.subject, priority: ticket.priority })
      .returning(ticketColumns)
      .executeTakeFirstOrThrow();
    await trx
      .insertInto('support_messages')
      .values({ ticket_id: inserted.id, author: 'user', message: ticket.message })
      .execute();
    return { kind: 'inserted', ticket: inserted };
  });
}

export async function findTicket(db: Kysely<Database>, id: number): Promise<Ticket | undefined> {
  return db.selectFrom('support_tickets').select(ticketColumns).where('id', '=', id).executeTakeFirst();
}

/** Tickets from the newest to the oldest, those before `beforeId` if it is given; `q` is looked for in subject and user name. */
export async function listTickets(
  db: Kysely<Database>,
  page: { limit: number; beforeId?: number; status?: TicketStatus; priority?: TicketPriority; q?: string },
): Promise<Ticket[]> {
  let query = db.selectFrom('support_tickets').select(ticketColumns).orderBy('id', 'desc').limit(page.limit);
  if (page.beforeId !== undefined) query = query.where('id', '<', page.beforeId);
  if (page.q !== undefined) {
    const pattern = `%${page.q.replaceAll(/[\\%_]/g, '\\$&')}%`;
    query = query.where((eb) =>
      eb.or([
        eb('subject', 'ilike', pattern),
        eb('user_id', 'in', eb.selectFrom('users').select('users.id').where('username', 'ilike', pattern)),
      ]),
    );
  }
  if (page.status !== undefined) query = query.where('status', '=', page.status);
  if (page.priority !== undefined) query = query.where('priority', '=', page.priority);
  return query.execute();
}

/** A ticket's messages from the oldest to the newest. */
export async function listMessages(
  db: Kysely<Database>,
  ticketId: number,
): Promise<MessageWithNotification[]> {
  const rows = await db
    .selectFrom('support_messages as m')
    .select(['m.id', 'm.ticket_id as ticketId', 'm.author', 'm.message', 'm.created_at as createdAt'])
    .where('m.ticket_id', '=', ticketId)
    .orderBy('m.id')
    .execute();
  const notifications = await db
    .selectFrom('notifications as n')
    .select(notificationColumns)
    .select('n.message_id as messageId')
    .where('n.ticket_id', '=', ticketId)
    .execute();
  const byMessage = new Map(notifications.map(({ messageId, ...notification }) => [messageId, notification]));
  return rows.map((message) => ({ ...message, notification: byMessage.get(message.id) ?? null }));
}

export async function updateTicketStatus(
  db: Kysely<Database>,
  id: number,
  status: TicketStatus,
): Promise<Ticket | undefined> {
  return db
    .updateTable('support_tickets')
    .set({ status, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .returning(ticketColumns)
    .executeTakeFirst();
}
