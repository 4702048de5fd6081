import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { App } from './app.ts';

/** Describes the API at `/openapi.json`, readable at `/docs`. Routes that are registered after it are included. */
export function describeApi(app: App): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Replybell',
        version: '0.1.0',
        description:
          'An admin answers a support ticket; the user is told in Telegram. Errors are `application/problem+json` ' +
          '(RFC 9457) with a stable `code`.',
      },
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer' },
          initData: {
            type: 'apiKey',
            in: 'header',
            name: 'authorization',
            description: '`tma <initData>`: what Telegram gives the Mini App as `Telegram.WebApp.initData`.',
          },
        },
      },
    },
  });
  app.register(swaggerUi, { routePrefix: '/docs', logLevel: 'warn' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
