import { sql } from 'kysely';
import { holdUser, type NoUser } from './hold-user.ts';
import type { Db, TicketPriority, TicketStatus } from './schema.ts';
import { inTransaction } from './transaction.ts';

export type Ticket = {
  id: number;
  userId: number;
  subject: string;
  status: TicketStatus;
  priority: TicketPriority;
  /** The last message is the user's, and the ticket isn't closed. */
  unanswered: boolean;
  lastMessageAt: Date;
  createdAt: Date;
  /** The last activity: a message, a status, a priority. */
  updatedAt: Date;
};

/** A ticket with its user's name. */
export type NamedTicket = Ticket & { username: string };

export type Message = {
  id: number;
  ticketId: number;
  author: 'user' | 'admin';
  message: string;
  createdAt: Date;
};

/** Written as in the index on it, so that Postgres finds that index. */
export const isUnanswered = sql<boolean>`(last_author = 'user' and status <> 'closed')`;

/** The columns of `Ticket`, for a query on `support_tickets`. */
export const ticketColumns = [
  'support_tickets.id',
  'support_tickets.user_id as userId',
  'support_tickets.subject',
  'support_tickets.status',
  'support_tickets.priority',
  isUnanswered.as('unanswered'),
  'support_tickets.last_message_at as lastMessageAt',
  'support_tickets.created_at as createdAt',
  'support_tickets.updated_at as updatedAt',
] as const;

export type InsertedTicket = { kind: 'inserted'; ticket: Ticket } | NoUser;

/** Opens a ticket with its first message, the user's. */
export async function insertTicket(
  db: Db,
  ticket: { userId: number; subject: string; message: string; priority: TicketPriority },
): Promise<InsertedTicket> {
  return inTransaction(db, async (trx) => {
    const nobody = await holdUser(trx, ticket.userId);
    if (nobody) return nobody;
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

export async function findTicket(db: Db, id: number): Promise<NamedTicket | undefined> {
  return db
    .selectFrom('support_tickets')
    .innerJoin('users', 'users.id', 'support_tickets.user_id')
    .select([...ticketColumns, 'users.username'])
    .where('support_tickets.id', '=', id)
    .executeTakeFirst();
}

export type UpdatedTicket =
  | { kind: 'updated'; ticket: Ticket }
  | { kind: 'ticket_not_found' }
  /** The ticket's user was erased, so it stays as it is. */
  | { kind: 'user_erased' };

/** Changes what is given and leaves the rest. */
export async function updateTicket(
  db: Db,
  id: number,
  changes: { status?: TicketStatus; priority?: TicketPriority },
): Promise<UpdatedTicket> {
  const ticket = await db
    .updateTable('support_tickets')
    .set({ ...changes, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('erased_at', 'is', null)
    .returning(ticketColumns)
    .executeTakeFirst();
  if (ticket) return { kind: 'updated', ticket };
  return { kind: (await findTicket(db, id)) ? 'user_erased' : 'ticket_not_found' };
}
