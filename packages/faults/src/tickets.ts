import type { Db } from '@replybell/database';
import { sql } from 'kysely';

/** An open ticket of a user of its own, whose chat with the bot is `chatId`. */
export type OpenTicket = { ticketId: number; userId: number; chatId: number };

/** Few enough to be far from a statement's timeout on a busy machine. */
const TICKETS_A_STATEMENT = 500;

/** Makes tickets, each with a user and a chat of its own: so every message in the ledger says which it belongs to. */
export async function openTickets(db: Db, count: number): Promise<OpenTicket[]> {
  const tickets: OpenTicket[] = [];
  while (tickets.length < count)
    tickets.push(...(await openSome(db, Math.min(TICKETS_A_STATEMENT, count - tickets.length))));
  return tickets;
}

async function openSome(db: Db, count: number): Promise<OpenTicket[]> {
  const { rows } = await sql<OpenTicket>`
    with ids as (
      select nextval(pg_get_serial_sequence('users', 'id')) as id from generate_series(1, ${count}::integer)
    ), users as (
      insert into users (id, username, telegram_id) select id, 'anna', 100000 + id from ids
      returning id, telegram_id
    ), tickets as (
      insert into support_tickets (user_id, subject) select id, 'Balance' from users returning id, user_id
    )
    select t.id as "ticketId", u.id as "userId", u.telegram_id as "chatId"
    from tickets t join users u on u.id = t.user_id
    order by t.id`.execute(db);
  return rows;
}

/** One of them. */
export async function openTicket(db: Db): Promise<OpenTicket> {
  const [ticket] = await openTickets(db, 1);
  if (!ticket) throw new Error('No ticket was made');
  return ticket;
}
