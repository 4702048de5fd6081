import { findTicket, insertTicket, listMessages, listTickets, updateTicketStatus } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { positionOf, toPage } from '../../cursor.ts';
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
      schema: { summary: "Open a ticket in a user's name", body: newTicket, response: { 201: ticketSchema } },
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
        summary: 'List tickets, the newest first',
        querystring: ticketFilter,
        response: { 200: ticketPage },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor, ...filter } = request.query;
      const tickets = await listTickets(db, { ...filter, ...positionOf(cursor), limit: limit + 1 });
      return toPage(tickets, limit);
    },
  );

  app.get(
    '/tickets/:id',
    {
      schema: {
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
        summary: 'Set the status of a ticket: close it, reopen it',
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
