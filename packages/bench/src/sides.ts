import { devNull } from 'node:os';
import { join } from 'node:path';
import { type Environment, findFreePort, type StartedProcess } from '@replybell/testing';
import type { Arena } from './arena.ts';
import { startLoggedProcess } from './logged-process.ts';

/** Which backend Replybell's queue has. The bare handler's is always Redis. */
export type Backend = 'redis' | 'postgres';

export type Route = { process: StartedProcess; url: string; headers: Record<string, string> };

/** WORKER_CONCURRENCY's default; the bare handler has the same. */
const CONCURRENCY = 50;
const WEBAPP_URL = 'https://app.example.com';
const ADMIN_API_KEY = 'the-key-of-the-bench-0123456789abcdef';

/** The rates that a worker keeps, as in its configuration. */
export type Pace = { messagesPerSecond: number; chatIntervalMs: number };

/** The most that the configuration takes, and several times what is measured. */
const UNPACED: Pace = { messagesPerSecond: 10_000, chatIntervalMs: 0 };

/**
 * Replybell's worker as it is, with all its guarantees on and its log written.
 *
 * @param options.pace not given: so high that the worker never waits.
 * @param options.logName of workers that run at the same time each has its own.
 */
export async function startOurWorker(
  arena: Arena,
  options: { backend?: Backend; pace?: Pace; concurrency?: number; logName?: string } = {},
): Promise<StartedProcess> {
  const { backend = 'redis', pace = UNPACED, logName = 'worker' } = options;
  return startLoggedProcess({
    name: 'Worker',
    entry: new URL('../../../apps/worker/src/main.ts', import.meta.url),
    env: {
      ...ourEnvironment(arena, backend),
      ...telegramEnvironment(arena, options.concurrency),
      TELEGRAM_MESSAGES_PER_SECOND: String(pace.messagesPerSecond),
      TELEGRAM_CHAT_INTERVAL_MS: String(pace.chatIntervalMs),
    },
    logFile: join(arena.folder, `${logName}.log`),
    readyText: 'Worker ready',
  });
}

/** Who makes the bare handler's requests: grammY's own client, or the one that Replybell puts under it. */
export type HttpClient = 'grammy' | 'undici';

export async function startBareHandler(
  arena: Arena,
  { httpClient = 'grammy', concurrency }: { httpClient?: HttpClient; concurrency?: number } = {},
): Promise<StartedProcess> {
  return startLoggedProcess({
    name: 'Bare handler',
    entry: new URL('./bare/handler.ts', import.meta.url),
    env: {
      DATABASE_URL: arena.databaseUrl,
      REDIS_URL: arena.redisUrl,
      HTTP_CLIENT: httpClient,
      ...telegramEnvironment(arena, concurrency),
    },
    logFile: join(arena.folder, 'bare-handler.log'),
    readyText: 'Bare handler ready',
  });
}

export async function startOurApi(arena: Arena): Promise<Route> {
  const port = await findFreePort();
  const process = await startLoggedProcess({
    name: 'API',
    entry: new URL('../../../apps/api/src/main.ts', import.meta.url),
    env: {
      ...ourEnvironment(arena, 'redis'),
      ADMIN_API_KEY,
      API_PORT: String(port),
      // On, and never reached.
      RATE_LIMIT_PER_MINUTE: '100000000',
    },
    logFile: join(arena.folder, 'api.log'),
    readyText: 'API listening on',
  });
  return { process, url: `http://127.0.0.1:${port}`, headers: { authorization: `Bearer ${ADMIN_API_KEY}` } };
}

export async function startBareReplyRoute(arena: Arena): Promise<Route> {
  const port = await findFreePort();
  const process = await startLoggedProcess({
    name: 'Bare API',
    entry: new URL('./bare/reply-route.ts', import.meta.url),
    env: { DATABASE_URL: arena.databaseUrl, REDIS_URL: arena.redisUrl, API_PORT: String(port) },
    logFile: join(arena.folder, 'bare-reply-route.log'),
    readyText: 'Bare API listening on',
  });
  return { process, url: `http://127.0.0.1:${port}`, headers: {} };
}

function ourEnvironment(arena: Arena, backend: Backend): Environment {
  return {
    // The developer's .env has no say here.
    ENV_FILE: devNull,
    LOG_FORMAT: 'json',
    DATABASE_URL: arena.databaseUrl,
    ...(backend === 'redis' && { REDIS_URL: arena.redisUrl }),
  };
}

function telegramEnvironment(arena: Arena, concurrency = CONCURRENCY): Environment {
  return {
    BOT_TOKEN: arena.botToken,
    TELEGRAM_API_ROOT: arena.simulator.url,
    WEBAPP_URL,
    WORKER_CONCURRENCY: String(concurrency),
  };
}
