import { listAuditEntries } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { beforeCursor, toPage } from '../../cursor.ts';
import { DEFAULT_PAGE } from '../../schemas/fields.ts';
import { auditFilter, auditPage } from '../../schemas/identity.ts';

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
        ...beforeCursor(cursor),
        ...(since !== undefined && { since: new Date(since) }),
        ...(until !== undefined && { until: new Date(until) }),
        limit: limit + 1,
      });
      return toPage(entries, limit);
    },
  );
}
