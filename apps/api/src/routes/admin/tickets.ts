import { findTicket, insertTicket, listMessages, updateTicketStatus } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { beforeCursor, encodeCursor } from '../../cursor.ts';
import type { Db } from '../../database-state.ts';
import { withAction } from '../../notification-action.ts';
import { ProblemError } from '../../problem.ts';
import { DEFAULT_PAGE, idParams } from '../../schemas/fields.ts';
import {
  messagePage,
  messageQuery,
  newTicket,
  ticket as ticketSchema,
  ticketStatusChange,
  ticketWithMessages,
} from '../../schemas/tickets.ts';

/** So many messages of a ticket are shown with it. */
const THREAD_PAGE = 100;

export function ticketRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/tickets',
    {
      schema: {
        operationId: 'openTicket',
        tags: ['tickets'],
        summary: "Open a ticket in a user's name",
        body: newTicket,
        response: { 201: ticketSchema },
      },
    },
    async (request, reply) => {
      const inserted = await insertTicket(db, { priority: 'medium', ...request.body });
      if (inserted.kind !== 'inserted') throw new ProblemError(inserted.kind);
      reply.code(201);
      return inserted.ticket;
    },
  );

  app.get(
    '/tickets/:id',
    {
      schema: {
        operationId: 'getTicket',
        tags: ['tickets'],
        summary: 'Get a ticket with its newest messages, each reply with its notification',
        description:
          'The newest hundred messages; older ones: GET /api/admin/tickets/:id/messages with the `olderCursor`.',
        params: idParams,
        response: { 200: ticketWithMessages },
      },
    },
    async (request) => {
      const { id } = request.params;
      const [ticket, { messages, olderCursor }] = await Promise.all([
        findTicket(db, id),
        readThread(db, id, { limit: THREAD_PAGE }),
      ]);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return { ...ticket, messages, olderCursor };
    },
  );

  app.get(
    '/tickets/:id/messages',
    {
      schema: {
        operationId: 'listMessages',
        tags: ['tickets'],
        summary: 'List the messages of a ticket, the newest first, each reply with its notification',
        params: idParams,
        querystring: messageQuery,
        response: { 200: messagePage },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { limit = DEFAULT_PAGE, cursor } = request.query;
      const [ticket, { messages, olderCursor }] = await Promise.all([
        findTicket(db, id),
        readThread(db, id, { limit, ...beforeCursor(cursor) }),
      ]);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return { items: messages.reverse(), nextCursor: olderCursor };
    },
  );

  app.put(
    '/tickets/:id/status',
    {
      schema: {
        operationId: 'setTicketStatus',
        tags: ['tickets'],
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

/** The newest messages of a ticket, from the oldest to the newest, and the cursor for those before them. */
async function readThread(db: Db, ticketId: number, page: { limit: number; beforeId?: number }) {
  const { limit } = page;
  // One more than asked for tells whether there are older ones.
  const found = await listMessages(db, ticketId, { ...page, limit: limit + 1 });
  const shown = found.slice(-limit);
  const messages = shown.map((message) => ({
    ...message,
    notification: message.notification && withAction(message.notification),
  }));
  const oldest = shown[0];
  return { messages, olderCursor: oldest && found.length > limit ? encodeCursor(oldest.id) : null };
}
