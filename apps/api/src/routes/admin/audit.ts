import { listAuditEntries } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { encodeCursor, positionOf } from '../../cursor.ts';
import { auditFilter, auditPage } from '../../schemas/identity.ts';

const DEFAULT_PAGE = 50;

export function auditRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/audit',
    {
      config: { role: 'owner' },
      schema: {
        operationId: 'listAuditEntries',
        tags: ['identity'],
        summary: 'Who changed what and when, the newest first',
        description: 'Entries are kept for a year.',
        querystring: auditFilter,
        response: { 200: auditPage },
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor, since, until, ...filter } = request.query;
      const entries = await listAuditEntries(db, {
        ...filter,
        ...positionOf(cursor),
        ...(since !== undefined && { since: new Date(since) }),
        ...(until !== undefined && { until: new Date(until) }),
        limit: limit + 1,
      });
      const items = entries.slice(0, limit);
      const last = items.at(-1);
      return { items, nextCursor: last && entries.length > limit ? encodeCursor(last.id) : null };
    },
  );
}
