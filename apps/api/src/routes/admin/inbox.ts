import { COUNTED_TO, countTickets, listTickets } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { decodeInboxCursor, encodeInboxCursor } from '../../cursor.ts';
import { DEFAULT_PAGE } from '../../schemas/fields.ts';
import { ticketCounts, ticketFilter, ticketPage } from '../../schemas/tickets.ts';

export function inboxRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/tickets',
    {
      schema: {
        operationId: 'listTickets',
        tags: ['tickets'],
        summary: 'List tickets, the last activity first',
        description:
          'Activity is a message or a change of the status or the priority. A ticket that becomes active while you turn ' +
          'the pages moves to the front: it may be missing further back, and none comes twice.',
        querystring: ticketFilter,
        response: { 200: ticketPage },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor, ...filter } = request.query;
      const after = cursor === undefined ? undefined : decodeInboxCursor(cursor);
      const { items, next } = await listTickets(db, { ...filter, limit, after });
      return { items, nextCursor: next ? encodeInboxCursor(next) : null };
    },
  );

  app.get(
    '/tickets/counts',
    {
      schema: {
        operationId: 'countTickets',
        tags: ['tickets'],
        summary: "Count tickets for the inbox's tabs, up to a thousand each",
        response: { 200: ticketCounts },
      },
    },
    async () => ({ ...(await countTickets(db)), countedTo: COUNTED_TO }),
  );
}
