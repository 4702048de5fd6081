import {
  type Db,
  findTicket,
  insertTicket,
  listMessagesWithNotifications,
  updateTicket,
} from '@replybell/database';
import type { Locale } from '@replybell/telegram';
import type { App, AppParts } from '../../app.ts';
import { change, createOnce } from '../../change.ts';
import { explainNotification } from '../../explain-notification.ts';
import { pageOf } from '../../page.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams, onlyPageQuery } from '../../schemas/fields.ts';
import {
  messagePage,
  newTicket,
  ticketChanges,
  ticket as ticketSchema,
  ticketStatusChange,
  ticketWithMessages,
} from '../../schemas/tickets.ts';
import { wantedLocale } from '../../wanted-locale.ts';

export function ticketRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/tickets',
    {
      config: { refuses: ['user_not_found', 'user_erased'] },
      schema: {
        operationId: 'openTicket',
        tags: ['tickets'],
        summary: "Open a ticket in a user's name",
        headers: idempotencyHeader,
        body: newTicket,
        response: { 201: ticketSchema },
      },
    },
    async (request, reply) =>
      createOnce({ db, request, reply, action: 'ticket.create' }, async (trx) => {
        const inserted = await insertTicket(trx, { priority: 'medium', ...request.body });
        if (inserted.kind !== 'inserted') throw new ProblemError(inserted.kind);
        return { subject: `ticket:${inserted.ticket.id}`, result: inserted.ticket };
      }),
  );

  app.get(
    '/tickets/:id',
    {
      config: { refuses: ['ticket_not_found'] },
      schema: {
        operationId: 'getTicket',
        tags: ['tickets'],
        summary: 'Get a ticket with its newest messages, each reply with its notification',
        description:
          'The newest fifty messages; older ones: GET /api/admin/tickets/:id/messages with the `olderCursor`.',
        params: idParams,
        response: { 200: ticketWithMessages },
      },
    },
    async (request) => {
      const { id } = request.params;
      const locale = wantedLocale(request.headers['accept-language']);
      const [ticket, newest] = await Promise.all([findTicket(db, id), readThread(db, id, {}, locale)]);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return { ...ticket, messages: newest.items.reverse(), olderCursor: newest.nextCursor };
    },
  );

  app.get(
    '/tickets/:id/messages',
    {
      config: { refuses: ['ticket_not_found'] },
      schema: {
        operationId: 'listMessages',
        tags: ['tickets'],
        summary: 'List the messages of a ticket, the newest first, each reply with its notification',
        params: idParams,
        querystring: onlyPageQuery,
        response: { 200: messagePage },
      },
    },
    async (request) => {
      const { id } = request.params;
      const locale = wantedLocale(request.headers['accept-language']);
      const [ticket, page] = await Promise.all([
        findTicket(db, id),
        readThread(db, id, request.query, locale),
      ]);
      if (!ticket) throw new ProblemError('ticket_not_found');
      return page;
    },
  );

  app.patch(
    '/tickets/:id',
    {
      config: { refuses: ['ticket_not_found', 'user_erased'] },
      schema: {
        operationId: 'updateTicket',
        tags: ['tickets'],
        summary: 'Set the status or the priority of a ticket',
        description: 'Fields that are not given stay.',
        params: idParams,
        body: ticketChanges,
        response: { 200: ticketSchema },
      },
    },
    async (request) =>
      change({ db, request, action: 'ticket.update' }, async (trx) => {
        const changes = request.body;
        const updated = await updateTicket(trx, request.params.id, changes);
        if (updated.kind !== 'updated') throw new ProblemError(updated.kind);
        const { ticket } = updated;
        return { subject: `ticket:${ticket.id}`, detail: changes, result: ticket };
      }),
  );

  app.put(
    '/tickets/:id/status',
    {
      config: { refuses: ['ticket_not_found', 'user_erased'] },
      schema: {
        operationId: 'setTicketStatus',
        tags: ['tickets'],
        summary: 'Set the status of a ticket: close it, reopen it',
        description: 'The short form of PATCH /api/admin/tickets/:id, which sets the priority too.',
        params: idParams,
        body: ticketStatusChange,
        response: { 200: ticketSchema },
      },
    },
    async (request) =>
      change({ db, request, action: 'ticket.status' }, async (trx) => {
        const { status } = request.body;
        const updated = await updateTicket(trx, request.params.id, { status });
        if (updated.kind !== 'updated') throw new ProblemError(updated.kind);
        const { ticket } = updated;
        return { subject: `ticket:${ticket.id}`, detail: { status }, result: ticket };
      }),
  );
}

/** A page of a ticket's messages, from the newest, each reply with its notification. */
async function readThread(
  db: Db,
  ticketId: number,
  page: { limit?: number; cursor?: string },
  locale: Locale,
) {
  const { items, nextCursor } = await pageOf(page, (position) =>
    listMessagesWithNotifications(db, ticketId, position),
  );
  const messages = items.map((message) => ({
    ...message,
    notification: message.notification && explainNotification(message.notification, locale),
  }));
  return { items: messages, nextCursor };
}
