import {
  createReplyInserter,
  type Db,
  findNotification,
  insertTicket,
  insertUser,
  openDatabase,
} from '@replybell/database';
import { createEnqueuer, type Enqueuer, type NotificationQueue, openQueue } from '@replybell/queue';
import type { SimulatorClient } from '@replybell/simulator';
import {
  type Environment,
  type QueueBackend,
  type StartedProcess,
  type StartedServer,
  startSimulator,
  startWorker,
} from '@replybell/testing';

export const BOT_TOKEN = '123456:AAcanary_token_of_the_worker_test';

/** A worker's surroundings: database, queue, Bot API. Workers are started by the tests. */
export type Harness = {
  db: Db;
  queue: NotificationQueue;
  telegram: SimulatorClient;
  /** What a worker needs; tests add to it. */
  env: Environment;
  startWorker(env?: Environment): Promise<StartedProcess>;
  /** Stores a reply and enqueues its job, as the API does. */
  reply(options?: { telegramId?: number | null; subject?: string; enqueue?: boolean }): Promise<Reply>;
  statusOf(reply: Reply): Promise<string | undefined>;
  close(): Promise<void>;
};

type Reply = { userId: number; ticketId: number; notificationId: number };

let nextTelegramId = 5_000;

export async function openHarness(backend: QueueBackend): Promise<Harness> {
  const [services, simulator] = await Promise.all([backend.open(), startSimulator({ BOT_TOKEN })]);
  const db = openDatabase({ url: services.env.DATABASE_URL, applicationName: 'test', maxConnections: 4 });
  const queue = openQueue(
    { databaseUrl: services.env.DATABASE_URL, redisUrl: services.env.REDIS_URL },
    { attempts: 8, onError: () => {} },
  );
  const enqueuer = createEnqueuer(queue, { onFailed: () => {} });
  const workers: StartedProcess[] = [];
  const env = workerEnvironment(services.env, simulator);

  return {
    db,
    queue,
    telegram: simulator.client,
    env,
    async startWorker(more = {}) {
      const worker = await startWorker({ ...env, ...more });
      workers.push(worker);
      return worker;
    },
    reply: (options = {}) => storeReply(db, enqueuer, options),
    statusOf: async (reply) => (await findNotification(db, reply.notificationId))?.status,
    async close() {
      await Promise.all(workers.map((worker) => worker.kill()));
      await enqueuer.close();
      await queue.close();
      await db.destroy();
      await simulator.stop();
      await services.close();
    },
  };
}

function workerEnvironment(services: Environment, simulator: StartedServer): Environment {
  return {
    ...services,
    BOT_TOKEN,
    WEBAPP_URL: 'https://app.example.com',
    TELEGRAM_API_ROOT: simulator.url,
    LOG_LEVEL: 'debug',
  };
}

async function storeReply(
  db: Db,
  enqueuer: Enqueuer,
  {
    telegramId = ++nextTelegramId,
    subject = 'Balance',
    enqueue = true,
  }: Parameters<Harness['reply']>[0] & object,
): Promise<Reply> {
  const user = await insertUser(db, { username: 'anna', telegramId, locale: 'ru' });
  const opened = await insertTicket(db, { userId: user.id, subject, message: 'Help', priority: 'medium' });
  if (opened.kind !== 'inserted') throw new Error(opened.kind);
  const stored = await createReplyInserter(db)({
    ticketId: opened.ticket.id,
    message: 'canary text',
    requestId: 'request-7',
  });
  if (stored.kind !== 'inserted') throw new Error(stored.kind);
  const { id: notificationId, epoch } = stored.notification;
  if (enqueue) enqueuer.enqueue({ notificationId, ticketId: opened.ticket.id, epoch });
  return { userId: user.id, ticketId: opened.ticket.id, notificationId };
}
