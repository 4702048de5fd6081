import { sql } from 'kysely';
import type { PageRequest } from './page-request.ts';
import type { Db } from './schema.ts';
import { type Message, type Ticket, ticketColumns } from './tickets.ts';

/** A user's own tickets, the newest first. */
export async function listUserTickets(
  db: Db,
  userId: number,
  { limit, beforeId }: PageRequest,
): Promise<Ticket[]> {
  let query = db
    .selectFrom('support_tickets')
    .select(ticketColumns)
    .where('user_id', '=', userId)
    .orderBy('id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  return query.execute();
}

/** A ticket, if it is this user's. */
export async function findUserTicket(db: Db, userId: number, ticketId: number): Promise<Ticket | undefined> {
  return db
    .selectFrom('support_tickets')
    .select(ticketColumns)
    .where('id', '=', ticketId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
}

export type InsertedUserMessage =
  | { kind: 'inserted'; message: Message }
  | { kind: 'ticket_not_found' }
  | { kind: 'ticket_closed' };

/**
 * Stores what a user writes in a ticket of theirs. A ticket that waited for the user is open again; a closed one takes
 * nothing.
 */
export async function insertUserMessage(
  db: Db,
  { userId, ticketId, message }: { userId: number; ticketId: number; message: string },
): Promise<InsertedUserMessage> {
  const { rows } = await sql<Message>`
    with ticket as (
      update support_tickets
      set status = case status when 'waiting_user' then 'open' else status end, updated_at = now()
      where id = ${ticketId} and user_id = ${userId} and status <> 'closed'
      returning id
    )
    insert into support_messages (ticket_id, author, message)
    select id, 'user', ${message} from ticket
    returning id, ticket_id as "ticketId", author, message, created_at as "createdAt"`.execute(db);
  const inserted = rows[0];
  if (inserted) return { kind: 'inserted', message: inserted };
  const ticket = await findUserTicket(db, userId, ticketId);
  return { kind: ticket ? 'ticket_closed' : 'ticket_not_found' };
}
