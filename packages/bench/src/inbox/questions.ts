import {
  countTickets,
  type Db,
  findTicket,
  listMessagesWithNotifications,
  listTickets,
  type TicketStatus,
} from '@replybell/database';
import { LONG_THREAD, TICKETS } from './fill.ts';

/** What an inbox asks, by HTTP and as the functions that the route calls. */
export type Question = {
  name: string;
  path: string;
  ask(db: Db): Promise<unknown>;
};

const limit = 50;
/** What a ticket is shown with, and one more that tells whether there are older ones. */
const thread = { limit: 51 };

export const questions: Question[] = [
  { name: 'first page', path: '/tickets', ask: (db) => listTickets(db, { limit }) },
  {
    name: 'status',
    path: '/tickets?status=in_progress',
    ask: (db) => listTickets(db, { limit, status: 'in_progress' }),
  },
  {
    name: 'priority',
    path: '/tickets?priority=urgent',
    ask: (db) => listTickets(db, { limit, priority: 'urgent' }),
  },
  {
    name: 'unanswered',
    path: '/tickets?unanswered=true',
    ask: (db) => listTickets(db, { limit, unanswered: true }),
  },
  // A number that few tickets have, a user's name, a word that one ticket in eight has, and that word with a filter.
  search('№4242'),
  search('boris_1234'),
  search('баланс'),
  search('баланс', 'open'),
  {
    name: 'details',
    path: `/tickets/${TICKETS / 2}`,
    ask: async (db) => [
      await findTicket(db, TICKETS / 2),
      await listMessagesWithNotifications(db, TICKETS / 2, thread),
    ],
  },
  {
    name: 'details, long thread',
    path: `/tickets/${LONG_THREAD.ticketId}`,
    ask: async (db) => listMessagesWithNotifications(db, LONG_THREAD.ticketId, thread),
  },
  { name: 'counts', path: '/tickets/counts', ask: (db) => countTickets(db) },
];

function search(q: string, status?: TicketStatus): Question {
  return {
    name: `search ${q}${status ? `, ${status}` : ''}`,
    path: `/tickets?q=${encodeURIComponent(q)}${status ? `&status=${status}` : ''}`,
    ask: (db) => listTickets(db, { limit, q, ...(status && { status }) }),
  };
}
