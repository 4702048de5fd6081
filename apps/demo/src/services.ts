import { randomBytes } from 'node:crypto';
import { migrateToLatest } from '@replybell/database';
import { migrateQueue } from '@replybell/queue';
import { type StartedServer, startApi, startWorker } from '@replybell/testing/apps';
import { startEmbeddedPostgres } from '@replybell/testing/embedded-postgres';
import type { StartedProcess } from '@replybell/testing/started-process';
import { type BotApi, startSimulatedBotApi, useTelegram } from './bot-api.ts';
import { useEmptyRedis } from './empty-redis.ts';
import type { LogFile } from './log-file.ts';
import { step } from './screen.ts';
import type { Settings } from './settings.ts';
import { startOnPort } from './start-on-port.ts';

export type Services = {
  api: StartedServer;
  worker: StartedProcess;
  botApi: BotApi;
  apiKey: string;
};

const API_PORT = 3000;

/**
 * Starts everything that a production has, in its order, and shows it step by step.
 *
 * @param context.stack is given what ends each service.
 * @param context.signal once aborted, no further service is started: its reason is thrown.
 */
export async function startServices(
  settings: Settings,
  { stack, signal, logFile }: { stack: AsyncDisposableStack; signal: AbortSignal; logFile: LogFile },
): Promise<Services> {
  const start = <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    signal.throwIfAborted();
    return step(name, work);
  };

  const postgres = await start('PostgreSQL (embedded)', () => startEmbeddedPostgres({ durable: false }));
  stack.defer(() => postgres.stop());
  await start('Migrations', async () => {
    await migrateToLatest(postgres.url);
    await migrateQueue(postgres.url);
  });
  const { redisUrl } = settings;
  if (redisUrl !== undefined) {
    await start('Queue (Redis)', () => useEmptyRedis({ databaseUrl: postgres.url, redisUrl }, stack));
  }
  const { telegram } = settings;
  const botApi = telegram
    ? useTelegram(telegram)
    : await start('Bot API simulator', () => startSimulatedBotApi(stack));

  const apiKey = randomBytes(24).toString('hex');
  const variables = {
    DATABASE_URL: postgres.url,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ADMIN_API_KEY: apiKey,
    DRAIN_TIMEOUT_MS: '1500',
    ...botApi.variables,
  };
  const api = await start('API', () =>
    startOnPort(API_PORT, (port) => startApi({ ...variables, API_PORT: String(port) })),
  );
  stack.defer(() => stop(api));
  logFile.record(api);
  const worker = await start('Worker', () => startWorker(variables));
  stack.defer(() => stop(worker));
  logFile.record(worker);
  return { api, worker, botApi, apiKey };
}

/** Ends a process as an operator would; one that takes longer than its drain is killed. */
async function stop(started: StartedProcess): Promise<void> {
  await started.stop('SIGTERM', 2_000).catch(() => undefined);
}
