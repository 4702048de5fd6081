import { type Kysely, sql } from 'kysely';
import type { Database, NotificationStatus } from './schema.ts';
import type { Message } from './tickets.ts';

export type InsertedReply =
  | {
      kind: 'inserted';
      reply: Message;
      notification: { id: number; status: NotificationStatus; epoch: number };
    }
  | { kind: 'ticket_not_found' }
  | { kind: 'ticket_closed' };

/**
 * Stores an admin's reply, sets the ticket to `waiting_user` and promises the notification, all in one statement: a
 * reply that is committed has exactly one notification.
 */
export async function insertReply(
  db: Kysely<Database>,
  reply: { ticketId: number; message: string; requestId: string | null },
): Promise<InsertedReply> {
  const { rows } = await sql<ReplyRow>`
    with ticket as (
      update support_tickets set status = 'waiting_user', updated_at = now()
      where id = ${reply.ticketId} and status <> 'closed'
      returning id, user_id
    ), reply as (
      insert into support_messages (ticket_id, author, message)
      select id, 'admin', ${reply.message} from ticket
      returning id, ticket_id, created_at
    ), notification as (
      insert into notifications (message_id, ticket_id, user_id, request_id)
      select reply.id, ticket.id, ticket.user_id, ${reply.requestId} from reply, ticket
      returning id, status, epoch
    )
    select r.id as message_id, r.created_at, n.id as notification_id, n.status, n.epoch
    from reply r, notification n`.execute(db);
  const row = rows[0];
  if (!row) {
    const ticket = await db
      .selectFrom('support_tickets')
      .select('id')
      .where('id', '=', reply.ticketId)
      .executeTakeFirst();
    return { kind: ticket ? 'ticket_closed' : 'ticket_not_found' };
  }
  return {
    kind: 'inserted',
    reply: {
      id: row.message_id,
      ticketId: reply.ticketId,
      author: 'admin',
      message: reply.message,
      createdAt: row.created_at,
    },
    notification: { id: row.notification_id, status: row.status, epoch: row.epoch },
  };
}

type ReplyRow = {
  message_id: number;
  created_at: Date;
  notification_id: number;
  status: NotificationStatus;
  epoch: number;
};
