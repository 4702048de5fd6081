import { findTicket, insertTicket, listMessages, listTickets, updateTicketStatus } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { change, createOnce } from '../../change.ts';
import { encodeCursor, positionOf } from '../../cursor.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams } from '../../schemas/fields.ts';
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
        summary: "Open a ticket in a user's name",
        headers: idempotencyHeader,
        body: newTicket,
        response: { 201: ticketSchema },
      },
    },
    async (request, reply) =>
      createOnce({ db, request, reply, action: 'ticket.create' }, async (trx) => {
        const inserted = await insertTicket(trx, { priority: 'medium', ...request.body });
        if (inserted.kind === 'user_not_found') throw new ProblemError('user_not_found');
        return { subject: `ticket:${inserted.ticket.id}`, result: inserted.ticket };
      }),
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
    async (request) =>
      change({ db, request, action: 'ticket.status' }, async (trx) => {
        const { status } = request.body;
        const ticket = await updateTicketStatus(trx, request.params.id, status);
        if (!ticket) throw new ProblemError('ticket_not_found');
        return { subject: `ticket:${ticket.id}`, detail: { status }, result: ticket };
      }),
  );
}
