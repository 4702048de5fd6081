import { listAuditEntries } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { pageOf } from '../../page.ts';
import { periodOf } from '../../period.ts';
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
      const { limit, cursor, since, until, ...filter } = request.query;
      return pageOf({ limit, cursor }, (position) =>
        listAuditEntries(db, { ...filter, ...periodOf({ since, until }), ...position }),
      );
    },
  );
}
