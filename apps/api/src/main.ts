import { EXIT_CONFIG, parseConfig, readEnvironment, secretsOf } from '@replybell/config';
import { openDatabase } from '@replybell/database';
import { createLogger, createOutageLog, logWritten } from '@replybell/logger';
import { createEnqueuer, openQueue } from '@replybell/queue';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.ts';
import { openBot } from './bot.ts';
import { logConfiguration, logDatabaseState, logListenFailure } from './log-start.ts';

/** What may follow the last request: closing the queue and the database. Keep the sum below `kill_timeout`. */
const CLOSE_TIMEOUT_MS = 4_000;

/**
 * With the time that getting a connection may take, less than a request has: the statement behind a `timed_out` is
 * stopped by the server, and not carried out later.
 */
const STATEMENT_TIMEOUT_MS = 5_000;

/** Less than a statement may take: what somebody else holds must not look like a database that is away. */
const LOCK_TIMEOUT_MS = 4_000;

const environment = readEnvironment(process.env);
const loaded = parseConfig(environment, ['ADMIN_API_KEY']);
if (!loaded.ok) {
  const logger = createLogger({ name: 'api', level: 'info', format: undefined, secrets: [] });
  for (const problem of loaded.problems) logger.fatal({ stage: 'start' }, problem);
  logger.fatal({ stage: 'start' }, 'Correct that in .env, then start the API again');
  await logWritten();
  process.exit(EXIT_CONFIG);
}

const { config, warnings } = loaded;
const logger = createLogger({
  name: 'api',
  level: config.LOG_LEVEL,
  format: config.LOG_FORMAT,
  secrets: secretsOf(environment),
});
logConfiguration(logger, config, warnings);

const connectionLoss = createOutageLog(logger, { failed: 'A connection to the database was lost' });
const db = openDatabase({
  url: config.DATABASE_URL,
  applicationName: 'replybell-api',
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  lockTimeoutMs: LOCK_TIMEOUT_MS,
  onConnectionLost: connectionLoss.failed,
});
const queueOutage = createOutageLog(logger, {
  failed: 'The queue is not available: replies are stored, and their jobs added later by the worker',
  recovered: 'The queue is available again',
});
const queue = openQueue(
  { databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL },
  { attempts: config.NOTIFICATION_ATTEMPTS, onError: queueOutage.failed },
);
const enqueuer = createEnqueuer(queue, { onFailed: queueOutage.failed, onAdded: queueOutage.recovered });
const bot = openBot(config, db, logger);
const app = buildApp({ config, logger, db, queue, enqueuer, bot });

closeWithGrace(
  {
    delay: config.DRAIN_TIMEOUT_MS + CLOSE_TIMEOUT_MS,
    logger,
    onTimeout: (delayMs) => logger.error(`Not stopped after ${delayMs} ms: giving up`),
  },
  async ({ err, signal }) => {
    if (err) logger.fatal({ err }, 'Unexpected error: stopping');
    else logger.info(`API stopping: ${signal ?? 'done'}`);
    await app.close();
    await bot?.close();
    await enqueuer.close();
    // A queue that is away can't be told goodbye: no reason to stop with an error.
    await queue.close().catch(queueOutage.failed);
    await db.destroy();
    logger.info('API stopped');
  },
);

await logDatabaseState(logger, db);
try {
  const address = await app.listen({ host: config.API_HOST, port: config.API_PORT });
  logger.info({ stage: 'start', address }, `API listening on ${address}`);
  // pm2's `wait_ready` waits for it.
  process.send?.('ready');
} catch (error) {
  logListenFailure(logger, error, config);
  await logWritten();
  process.exit(1);
}
