import { type Db, openDatabase } from '@replybell/database';
import type { SimulatorClient } from '@replybell/simulator';
import {
  createTestDatabase,
  createTestRedis,
  type Environment,
  findFreePort,
  hasTestRedis,
  type StartedProcess,
  type StartedServer,
  startApi,
  startSimulator,
  startWorker,
} from '@replybell/testing';
import type { TestContext } from 'vitest';
import { type Admin, createAdmin } from './admin.ts';

export const BOT_TOKEN = '123456:AAcanary_token_of_the_fault_tests';
export const ADMIN_API_KEY = 'canary-key-of-the-fault-tests-0123456789';

/** The queue's backends. */
export type Queue = 'redis' | 'postgres';

export type SceneOptions = {
  /** Default `redis`, if the run has one. */
  queue?: Queue;
  /** A migrated database on a server that the test may harm; default: one on the run's server. */
  databaseUrl?: string;
  /** A Redis that the test may harm; default: a logical database of the run's. */
  redisUrl?: string;
  /** For the API and all workers, over what the scene sets. */
  env?: Environment;
  /** For the simulator. */
  simulator?: Environment;
};

/** One test's own surroundings: a database, a queue, a Bot API with its ledger, and the way in for admins. */
export type Scene = {
  test: TestContext;
  queue: Queue;
  db: Db;
  databaseUrl: string;
  /** What processes are started with. */
  env: Environment;
  /** The Bot API's process, and its client, which also drives a successor on the same address. */
  simulator: StartedServer;
  telegram: SimulatorClient;
  admin: Admin;
  /** Always on the same address, so that a successor takes the place of one that was killed. */
  startApi(more?: Environment): Promise<StartedServer>;
  startWorker(more?: Environment): Promise<StartedProcess>;
};

/**
 * Sets a scene without API and workers. Everything ends with the test.
 *
 * Waiting is short: a send times out after a second, so a dead worker's lease runs out after seven. The pace is
 * far from the limits, and each reply is a message of its own, so that they can be counted.
 */
export async function openScene(test: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const { queue = hasTestRedis() ? 'redis' : 'postgres' } = options;
  const databaseUrl = options.databaseUrl ?? (await ownDatabase(test));
  const redisUrl = queue === 'redis' ? (options.redisUrl ?? (await ownRedis(test))) : undefined;
  const simulator = await startSimulator({ BOT_TOKEN, ...options.simulator });
  test.onTestFinished(async () => void (await simulator.kill()));

  const db = openDatabase({ url: databaseUrl, applicationName: 'faults', maxConnections: 4 });
  test.onTestFinished(() => db.destroy());

  const apiPort = await findFreePort();
  const env: Environment = {
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    API_PORT: String(apiPort),
    ADMIN_API_KEY,
    // The load is far above what a caller may do.
    RATE_LIMIT_PER_MINUTE: '0',
    BOT_TOKEN,
    WEBAPP_URL: 'https://app.example.com',
    TELEGRAM_API_ROOT: simulator.url,
    TELEGRAM_TIMEOUT_MS: '1000',
    TELEGRAM_MESSAGES_PER_SECOND: '200',
    TELEGRAM_CHAT_INTERVAL_MS: '0',
    FOLDING: 'off',
    ...options.env,
  };

  async function started<Process extends StartedProcess>(starting: Promise<Process>): Promise<Process> {
    const process = await starting;
    test.onTestFinished(async () => void (await process.kill()));
    test.onTestFailed(() => console.log(lastLines(process)));
    return process;
  }

  return {
    test,
    queue,
    db,
    databaseUrl,
    env,
    simulator,
    telegram: simulator.client,
    admin: createAdmin(`http://127.0.0.1:${apiPort}`, ADMIN_API_KEY),
    startApi: (more = {}) => started(startApi({ ...env, ...more })),
    startWorker: (more = {}) => started(startWorker({ ...env, ...more })),
  };
}

/** What a failed test shows of its processes: warnings and worse, and whatever else was not routine. */
function lastLines({ name, pid, lines }: StartedProcess): string {
  const telling = lines.filter(
    (line) => line.fields?.['level'] !== 'info' && line.fields?.['level'] !== 'debug',
  );
  return [`${name} ${pid}:`, ...telling.slice(-30).map((line) => `  ${line.text.slice(0, 500)}`)].join('\n');
}

async function ownDatabase(test: TestContext): Promise<string> {
  const database = await createTestDatabase();
  test.onTestFinished(() => database.drop());
  return database.url;
}

async function ownRedis(test: TestContext): Promise<string> {
  const redis = await createTestRedis();
  test.onTestFinished(() => redis.release());
  return redis.url;
}
