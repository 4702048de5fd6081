import type { Server } from 'node:http';
import {
  type Config,
  EXIT_CONFIG,
  hostAndPort,
  parseConfig,
  readEnvironment,
  secretsOf,
} from '@replybell/config';
import {
  askForProbes,
  ensureBotSlots,
  listen,
  openDatabase,
  PAUSE_CHANNEL,
  RELAY_CHANNEL,
} from '@replybell/database';
import { createLogger, createOutageLog, type Logger, reasonOf, texts } from '@replybell/logger';
import { backendName, openQueue } from '@replybell/queue';
import { createSender, tokenFingerprint } from '@replybell/telegram';
import { startChores } from './chores.ts';
import { startConsumer } from './consumer.ts';
import { type Persist, whileDatabaseIsAway } from './database-patience.ts';
import { createGate } from './gate.ts';
import { type HealthServerOptions, startHealthServer } from './health-server.ts';
import { hearPauses } from './hear-pauses.ts';
import { createWorkerMetrics } from './metrics.ts';
import { createPausing } from './pausing.ts';
import { readReadiness, waitForDatabase } from './readiness.ts';
import { startRelay } from './relay.ts';
import { stopOnSignal } from './stop-worker.ts';
import { startUpdates } from './updates/start-updates.ts';

/** A row that somebody holds for longer must not look like a Postgres that is away, nor hold others up. */
const LOCK_TIMEOUT_MS = 1_000;

const environment = readEnvironment(process.env);
const loaded = parseConfig(environment, ['BOT_TOKEN', 'WEBAPP_URL']);
const logger = createLogger({
  name: 'worker',
  level: loaded.ok ? loaded.config.LOG_LEVEL : 'info',
  format: loaded.ok ? loaded.config.LOG_FORMAT : undefined,
  secrets: secretsOf(environment),
});

if (!loaded.ok) {
  const { stage, text } = loaded.missing.includes('BOT_TOKEN') ? texts.tokenMissing : texts.tokenConfigured;
  logger.info({ stage }, text);
  for (const problem of loaded.problems) logger.fatal({ stage: 'start' }, problem);
  logger.fatal({ stage: 'start' }, 'Set what is missing in .env, then start the worker again');
  process.exit(EXIT_CONFIG);
}
for (const warning of loaded.warnings) logger.warn({ stage: 'start' }, warning);

await start(loaded.config, logger);

async function start(config: Config, logger: Logger): Promise<void> {
  const { BOT_TOKEN, WEBAPP_URL } = config;
  if (BOT_TOKEN === undefined || WEBAPP_URL === undefined) throw new Error('parseConfig asks for both');
  logger.info({ stage: texts.tokenConfigured.stage }, texts.tokenConfigured.text);
  logger.info({ stage: texts.webAppUrl(WEBAPP_URL).stage }, texts.webAppUrl(WEBAPP_URL).text);

  const target = { databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL };
  const exiting = new AbortController();
  const queueOutage = createOutageLog(logger, { failed: 'A connection to the queue was lost' });
  const databaseOutage = createOutageLog(logger, { failed: 'A connection to Postgres was lost' });

  const db = openDatabase({
    url: config.DATABASE_URL,
    applicationName: 'replybell-worker',
    planOnce: true,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    onConnectionLost: databaseOutage.failed,
  });
  const queue = openQueue(target, { attempts: config.NOTIFICATION_ATTEMPTS, onError: queueOutage.failed });
  const sender = createSender({
    token: BOT_TOKEN,
    apiRoot: config.TELEGRAM_API_ROOT,
    timeoutMs: config.TELEGRAM_TIMEOUT_MS,
    connections: config.WORKER_CONCURRENCY,
  });

  const fingerprint = tokenFingerprint(BOT_TOKEN);
  const metrics = createWorkerMetrics();
  const gate = createGate();
  const persist = createPersist(logger, exiting.signal);
  const pausing = createPausing({
    db,
    gate,
    sender,
    persist,
    tokenFingerprint: fingerprint,
    logger,
  });

  // Before anything is sent: a worker that can't have its port ends here.
  const health = await openHealthServer(config, logger, {
    readiness: () => readReadiness(db, queue),
    metrics: metrics.render,
  });
  await waitForDatabase(db, logger);
  await persist(() => ensureBotSlots(db, config.TELEGRAM_MESSAGES_PER_SECOND));
  await persist(() => askForProbes(db, fingerprint));
  const consumer = startConsumer({
    target,
    db,
    sender,
    logger,
    config: { ...config, BOT_TOKEN, WEBAPP_URL },
    gate,
    pausing,
    persist,
    metrics,
    onQueueError: queueOutage.failed,
  });
  const chores = startChores({ db, config, pausing, logger });
  const relay = startRelay({ db, queue, logger, unknownOutcome: config.UNKNOWN_OUTCOME, metrics });
  const stopListening = listen(
    config.DATABASE_URL,
    { [RELAY_CHANNEL]: relay.wake, [PAUSE_CHANNEL]: hearPauses(gate, fingerprint) },
    databaseOutage.failed,
  );
  const updates = startUpdates({ db, sender, config: { ...config, BOT_TOKEN }, logger });
  stopOnSignal(
    { db, queue, sender, health, consumer, relay, chores, updates, stopListening },
    { drainTimeoutMs: config.DRAIN_TIMEOUT_MS, exiting, logger },
  );
  logger.info({ stage: 'start', queue: backendName(target) }, 'Worker ready');
  process.send?.('ready');
}

async function openHealthServer(
  { API_HOST: host, WORKER_PORT: port }: Config,
  logger: Logger,
  tells: Pick<HealthServerOptions, 'readiness' | 'metrics'>,
): Promise<Server | undefined> {
  if (port === 0) return undefined;
  try {
    return await startHealthServer({ host, port, ...tells });
  } catch (error) {
    logger.fatal(
      { stage: 'start', reason: reasonOf(error) },
      `The worker can not listen on ${hostAndPort(host, port)}: stop what does, or give each worker a WORKER_PORT of its own (0: none)`,
    );
    process.exit(1);
  }
}

/** Repeats statements while Postgres is away, with a line for each outage. */
function createPersist(logger: Logger, signal: AbortSignal): Persist {
  const outage = createOutageLog(logger, {
    failed: 'Postgres is away: deliveries wait for it',
    recovered: 'Postgres is back: deliveries go on',
  });
  const onHeldUp = (error: unknown) =>
    logger.warn(
      { stage: 'database', reason: reasonOf(error) },
      'A row is held by somebody else: look in pg_stat_activity for a transaction that is open for long',
    );
  return async (statement) => {
    const result = await whileDatabaseIsAway(statement, { signal, onWait: outage.failed, onHeldUp });
    outage.recovered();
    return result;
  };
}
