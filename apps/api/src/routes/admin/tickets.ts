import { findTicket, insertTicket, listMessages, listTickets, updateTicketStatus } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { decodeCursor, encodeCursor } from '../../cursor.ts';
import { ProblemError } from '../../problem.ts';
import { idParams } from '../../schemas/fields.ts';
import {
  newTicket,
  ticketFilter,
  ticketPage,
  ticket as ticketSchema,
  ticketStatusChange,
  ticketWithMessages,
} from '../../schemas/tickets.ts';

const DEFAULT_PAGE = 50;

export function ticketRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/tickets',
    {
      schema: {
        operationId: 'createTicket',
        tags: ['tickets'],
        summary: "Open a ticket in a user's name",
        description: "The message is the user's own, the first of the ticket.",
        body: newTicket,
        response: { 201: ticketSchema },
      },
    },
    async (request, reply) => {
      const inserted = await insertTicket(db, { priority: 'medium', ...request.body });
      if (inserted.kind === 'user_not_found') throw new ProblemError('user_not_found');
      reply.code(201);
      return inserted.ticket;
    },
  );

  app.get(
    '/tickets',
    {
      schema: {
        operationId: 'listTickets',
        tags: ['tickets'],
        summary: 'List tickets, the newest first',
        description: 'Pages follow one another by `cursor`: give the `nextCursor` of the page before.',
        querystring: ticketFilter,
        response: { 200: ticketPage },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor, ...filter } = request.query;
      // One more than asked for tells whether there is a next page.
      const tickets = await listTickets(db, { ...filter, ...positionOf(cursor), limit: limit + 1 });
      const items = tickets.slice(0, limit);
      const last = items.at(-1);
      return { items, nextCursor: last && tickets.length > limit ? encodeCursor(last.id) : null };
    },
  );

  app.get(
    '/tickets/:id',
    {
      schema: {
        operationId: 'getTicket',
        tags: ['tickets'],
        summary: 'Get a ticket with its messages, each reply with its notification',
        params: idParams,
        response: { 200: ticketWithMessages },
      },
    },
    async (request) => {
      const { id } = request.params;
      const [ticket, messages] = await Promise.all([findTicket(db, id), listMessages(db, id)]);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return { ...ticket, messages };
    },
  );

  app.put(
    '/tickets/:id/status',
    {
      schema: {
        operationId: 'setTicketStatus',
        tags: ['tickets'],
        summary: 'Set the status of a ticket: close it, reopen it',
        description: 'A closed ticket takes no replies until it is reopened.',
        params: idParams,
        body: ticketStatusChange,
        response: { 200: ticketSchema },
      },
    },
    async (request) => {
      const ticket = await updateTicketStatus(db, request.params.id, request.body.status);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return ticket;
    },
  );
}

function positionOf(cursor: string | undefined): { beforeId?: number } {
  if (cursor === undefined) return {};
  const beforeId = decodeCursor(cursor);
  if (beforeId === undefined) {
    throw new ProblemError('validation_failed', [
      { path: 'cursor', message: 'must be the nextCursor of a page' },
    ]);
  }
  return { beforeId };
}
