import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { App, GuardedParts } from './app.ts';

/**
 * Describes the API at `/openapi.json`, readable at `/docs`, for whoever may call it. Routes that are registered after
 * it are included.
 */
export function describeApi(app: App, { identity }: GuardedParts): void {
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
          initData: {
            type: 'apiKey',
            in: 'header',
            name: 'authorization',
            description: '`tma <initData>`: what Telegram gives the Mini App as `Telegram.WebApp.initData`.',
          },
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, or `ADMIN_API_KEY`.' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'replybell.session_token',
            description: 'Set by `POST /api/session`; over https its name begins with `__Secure-`.',
          },
        },
      },
    },
  });
  app.register((scope, _options, done) => {
    scope.addHook('onRequest', identity.requireCallerOfPage);
    scope.register(swaggerUi, { routePrefix: '/docs', logLevel: 'warn' });
    scope.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
    done();
  });
}
