import type { App } from '../../app.ts';
import { listReasons } from '../../reasons/index.ts';
import { reasonList, reasonQuery } from '../../schemas/reasons.ts';
import { wantedLocale } from '../../wanted-locale.ts';

export function reasonRoutes(app: App): void {
  app.get(
    '/reasons',
    {
      schema: {
        operationId: 'listReasons',
        tags: ['notifications'],
        summary: 'List the reasons that notifications, attempts and pauses can have, in words',
        querystring: reasonQuery,
        response: { 200: reasonList },
      },
    },
    async (request) => {
      const locale = request.query.locale ?? wantedLocale(request.headers['accept-language']);
      return { items: listReasons(locale) };
    },
  );
}
