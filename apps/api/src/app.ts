import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Config } from '@replybell/config';
import type { Logger } from '@replybell/logger';
import type { Enqueuer, NotificationQueue } from '@replybell/queue';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Db } from './database-state.ts';
import { drainOnClose } from './drain-on-close.ts';
import { handleErrors } from './handle-errors.ts';
import { describeApi } from './openapi.ts';
import { parseJsonBodies } from './parse-json.ts';
import { problemOfStatus, sendProblem } from './problem.ts';
import { adminRoutes } from './routes/admin/index.ts';
import { healthRoutes } from './routes/health.ts';
import { meRoutes } from './routes/me/index.ts';
import { queueBoard } from './routes/queues.ts';
import { requestIdOf, trackRequests } from './track-requests.ts';
import { compileValidator } from './validate-request.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the routes work with. */
export type AppParts = {
  config: Config;
  logger: Logger;
  db: Db;
  queue: NotificationQueue;
  enqueuer: Enqueuer;
};

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Builds the API without listening. Closing it ends its connections; the parts stay open and belong to the caller.
 *
 * @throws if the configuration has no `ADMIN_API_KEY`: there is no API without a lock.
 */
export function buildApp(parts: AppParts): App {
  const { config, logger } = parts;
  const apiKey = config.ADMIN_API_KEY;
  if (apiKey === undefined) throw new Error('ADMIN_API_KEY is not set');

  const app: App = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT_BYTES,
    // A client that sends its request a byte at a time must not hold a connection for ever.
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A request that arrives while the server stops is answered, and its connection closed after it.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOfStatus(error.statusCode)),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  parseJsonBodies(app);

  trackRequests(app);
  handleErrors(app, logger);
  drainOnClose(app, { timeoutMs: config.DRAIN_TIMEOUT_MS, logger });
  describeApi(app);
  app.register(plugin((scope) => healthRoutes(scope, parts)));
  app.register(
    plugin((scope) => adminRoutes(scope, { ...parts, apiKey })),
    { prefix: '/api/admin' },
  );
  app.register(
    plugin((scope) => meRoutes(scope, parts)),
    { prefix: '/api/me' },
  );
  app.register(
    plugin((scope) => queueBoard(scope, { ...parts, apiKey })),
    { prefix: '/admin/queues' },
  );
  return app;
}

/** A scope of its own for what `define` adds: hooks there reach its routes and no others. */
function plugin(define: (scope: App) => void) {
  return (scope: App, _options: unknown, done: () => void) => {
    define(scope);
    done();
  };
}
