import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Config } from '@replybell/config';
import type { Db } from '@replybell/database';
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
import type { Bot } from './bot.ts';
import { describeApi } from './contract/openapi.ts';
import { allowOrigins } from './edges/allow-origins.ts';
import { answerBadAddress } from './edges/answer-bad-address.ts';
import { answerBrokenRequests } from './edges/answer-broken-requests.ts';
import { rememberRoutes } from './edges/answer-unknown.ts';
import { drainOnClose } from './edges/drain-on-close.ts';
import { handleErrors } from './edges/handle-errors.ts';
import { limitRate } from './edges/limit-rate.ts';
import { parseJsonBodies } from './edges/parse-json.ts';
import { refuseOverload } from './edges/refuse-overload.ts';
import { sendSecurityHeaders } from './edges/security-headers.ts';
import { requestIdOf, trackRequests } from './edges/track-requests.ts';
import { compileValidator } from './edges/validate-request.ts';
import { type Identity, identify } from './identity/authenticate.ts';
import { createProcessMetrics } from './metrics/process-metrics.ts';
import { timeRequests } from './metrics/time-requests.ts';
import { accountRoutes } from './routes/account.ts';
import { adminRoutes } from './routes/admin/index.ts';
import { healthRoutes } from './routes/health.ts';
import { meRoutes } from './routes/me/index.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { queueBoard } from './routes/queues.ts';
import { sessionRoutes } from './routes/session.ts';
import { signInPages } from './routes/sign-in-pages.ts';
import { telegramRoutes } from './routes/telegram.ts';

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
  /** Undefined without a `BOT_TOKEN`. */
  bot: Bot | undefined;
};

/** What routes that ask for a caller work with. */
export type GuardedParts = AppParts & { identity: Identity };

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** Of a connection too many nothing is read: it would only take memory from those that are served. */
const MAX_CONNECTIONS = 5_000;

/** Against clients that send a request byte by byte, or without end. */
const httpLimits = {
  headersTimeout: 10_000,
  maxHeaderSize: 16 * 1024,
  // How often the two timeouts are looked at; Node's own choice is 30 seconds.
  connectionsCheckingInterval: 2_000,
};

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
    loggerInstance: quietLogger(logger),
    childLoggerFactory: (_quiet, bindings, options) => logger.child(bindings, options) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: httpLimits,
    trustProxy: config.TRUST_PROXY?.split(',').map((network) => network.trim()) ?? false,
    clientErrorHandler: answerBrokenRequests(logger),
    // A request that arrives while the server stops is answered, and its connection closed after it.
    return503OnClosing: false,
    frameworkErrors: answerBadAddress,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = MAX_CONNECTIONS;
  // What a client expects beside `100-continue` need not be met (RFC 9110, 10.1.1); Node would answer 417 without a word.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.setValidatorCompiler(compileValidator);
  parseJsonBodies(app);

  const processMetrics = createProcessMetrics();
  rememberRoutes(app);
  trackRequests(app);
  timeRequests(app, processMetrics);
  sendSecurityHeaders(app);
  allowOrigins(app, config.CORS_ORIGINS);
  refuseOverload(app);
  limitRate(app, config.RATE_LIMIT_PER_MINUTE);
  handleErrors(app, logger);
  drainOnClose(app, { timeoutMs: config.DRAIN_TIMEOUT_MS, logger });
  const guarded: GuardedParts = { ...parts, identity: identify(app, { ...parts, apiKey }) };
  describeApi(app, guarded);
  app.register(plugin((scope) => healthRoutes(scope, parts)));
  app.register(plugin((scope) => metricsRoutes(scope, { ...guarded, processMetrics })));
  app.register(
    plugin((scope) => sessionRoutes(scope, guarded)),
    { prefix: '/api/session' },
  );
  app.register(
    plugin((scope) => accountRoutes(scope, guarded)),
    { prefix: '/api/account' },
  );
  app.register(
    plugin((scope) => meRoutes(scope, parts)),
    { prefix: '/api/me' },
  );
  app.register(
    plugin((scope) => adminRoutes(scope, { ...guarded, processMetrics })),
    { prefix: '/api/admin' },
  );
  app.register(
    plugin((scope) => telegramRoutes(scope, parts)),
    { prefix: '/telegram' },
  );
  app.register(plugin((scope) => signInPages(scope, guarded)));
  app.register(
    plugin((scope) => queueBoard(scope, guarded)),
    { prefix: '/admin/queues' },
  );
  return app;
}

/** What Fastify itself logs with: its line about listening would be the second, after the one of main.ts. */
function quietLogger(logger: Logger): FastifyBaseLogger {
  const level = logger.isLevelEnabled('info') ? 'warn' : logger.level;
  return logger.child({}, { level }) as FastifyBaseLogger;
}

/** A scope of its own for what `define` adds: hooks there reach its routes and no others. */
function plugin(define: (scope: App) => void) {
  return (scope: App, _options: unknown, done: () => void) => {
    define(scope);
    done();
  };
}
