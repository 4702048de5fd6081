import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { onRequestHookHandler } from 'fastify';
import type { App, GuardedParts } from '../app.ts';
import { allowPage } from '../edges/security-headers.ts';
import { problem } from '../schemas/problem.ts';
import { completeOperations, operationFields, problemResponses } from './complete-operations.ts';
import { isObject, type Json, type JsonObject, nameSchemas } from './name-schemas.ts';

const tags = [
  { name: 'tickets', description: "Users' questions, their messages, and replies." },
  { name: 'users', description: 'Whom tickets belong to, and whether Telegram reaches them.' },
  { name: 'notifications', description: 'The promise to tell a user about a reply, and what became of it.' },
  { name: 'delivery', description: 'Whether notifications leave at all.' },
  { name: 'identity', description: 'Who may call: admins, sessions, API keys.' },
  { name: 'mini-app', description: "A user's own tickets, for the Mini App." },
  { name: 'telegram', description: 'What Telegram calls.' },
  { name: 'operations', description: 'Health and figures, for those who run Replybell.' },
];

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
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'Where this description was read.' }],
      tags,
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
          webhookSecret: {
            type: 'apiKey',
            in: 'header',
            name: 'x-telegram-bot-api-secret-token',
            description: '`TELEGRAM_WEBHOOK_SECRET`, as Telegram was told it by `npm run webhook -- set`.',
          },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: { ...schema, ...operationFields(route.config) }, url }),
    transformObject: (given) =>
      'openapiObject' in given
        ? (completeContract(given.openapiObject as JsonObject) as typeof given.openapiObject)
        : given.swaggerObject,
  });
  app.register((scope, _options, done) => {
    scope.addHook('onRequest', identity.requireCallerOfPage);
    scope.addHook('onRequest', leaveQuery);
    scope.register(swaggerUi, {
      routePrefix: '/docs',
      logLevel: 'warn',
      uiHooks: { onRequest: allowPage },
      theme: { title: 'Replybell API' },
      // The other layout has a bar on top, to load any description from anywhere.
      uiConfig: { layout: 'BaseLayout' },
    });
    scope.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
    done();
  });
}

/** Swagger UI takes the whole address of its page, the query too, for the folder that the description is in. */
const leaveQuery: onRequestHookHandler = ({ url, routeOptions }, reply, done) => {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined || routeOptions.url?.replace(/\/$/, '') !== '/docs') done();
  else reply.redirect(path);
};

/** Sorted by name, so that a change of the code's order is none of the contract. */
function completeContract({ paths, components, ...document }: JsonObject): JsonObject {
  const schemas: JsonObject = {};
  nameSchemas({ problem: toJson(problem) }, schemas);
  const named = nameSchemas(completeOperations(toJson(paths)), schemas);
  return {
    ...document,
    paths: sorted(named),
    components: { ...toJson(components), schemas: sorted(schemas), responses: problemResponses() },
  };
}

function toJson(value: unknown): JsonObject {
  const json: Json = JSON.parse(JSON.stringify(value ?? {}));
  return isObject(json) ? json : {};
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
