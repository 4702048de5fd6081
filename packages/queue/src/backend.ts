import {
  createPostgresBackend,
  type Processor,
  Queue,
  type RedisQueueBackend,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Cluster } from 'ioredis';
import pg from 'pg';
import { jobOptions } from './job-options.ts';
import { type NotificationJobData, QUEUE_NAME } from './notification-job.ts';
import { bullConnection } from './redis-client.ts';

export type QueueTarget = {
  databaseUrl: string;
  /** As `parseRedisAddress` reads it. Not given: BullMQ's PostgreSQL backend on `databaseUrl`. */
  redisUrl?: string | undefined;
};

export type NotificationQueue = Queue<NotificationJobData, void, string>;
export type NotificationWorker = Worker<NotificationJobData, void, string>;
export type NotificationProcessor = Processor<NotificationJobData, void, string>;

export function backendName(target: QueueTarget): 'redis' | 'postgres' {
  return target.redisUrl === undefined ? 'postgres' : 'redis';
}

export function isOnRedis(backend: NotificationQueue['backend']): backend is RedisQueueBackend {
  return 'client' in backend;
}

/** One hash slot for all keys of the queue, as Redis Cluster needs it. */
const REDIS_PREFIX = '{replybell}';

/** At most a second between two attempts to reconnect: an outage that is over should be over here too. */
const retryStrategy = (times: number) => Math.min(times * 100, 1_000);

/**
 * A connection that owes an answer for so long is dead, though nobody has said so, as when a firewall has forgotten it: it is
 * dropped, and another one made. Longer than BullMQ waits for a job in one command (10 s). In milliseconds.
 */
const SOCKET_TIMEOUT_MS = 15_000;

/**
 * BullMQ's pool hears of errors of idle clients only. When the session of one that is checked out ends, its query fails
 * or its release drops it; without a listener the event would end the process.
 */
class QueueClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => {});
  }
}

const postgresConnection = ({ databaseUrl }: QueueTarget, maxConnections: number) => ({
  Client: QueueClient,
  connectionString: databaseUrl,
  application_name: 'replybell-queue',
  max: maxConnections,
  connectionTimeoutMillis: 5_000,
  query_timeout: 10_000,
  // BullMQ's statements are written for it. Where the role's or the server's default is stricter, they fail one another.
  options: '-c default_transaction_isolation=read\\ committed',
});

/**
 * Opens the queue for adding jobs and looking at them. Calls fail within about a second while the backend is away and
 * succeed again when it is back. A failed `add` may still have arrived: job ids are deterministic for that reason.
 *
 * @param options.attempts NOTIFICATION_ATTEMPTS, for Bull Board to show.
 * @param options.onError hears of lost connections; the queue reconnects by itself.
 */
export function openQueue(
  target: QueueTarget,
  { attempts, onError }: { attempts: number; onError: (error: Error) => void },
): NotificationQueue {
  const defaultJobOptions = jobOptions(attempts);
  const queue =
    target.redisUrl === undefined
      ? (new Queue(
          QUEUE_NAME,
          { connection: postgresConnection(target, 4), defaultJobOptions, skipWaitingForReady: true },
          createPostgresBackend,
        ) as unknown as NotificationQueue)
      : openRedisQueue(target.redisUrl, defaultJobOptions);
  queue.on('error', onError);
  return queue;
}

function openRedisQueue(
  redisUrl: string,
  defaultJobOptions: ReturnType<typeof jobOptions>,
): NotificationQueue {
  const connection = bullConnection(redisUrl, {
    retryStrategy,
    maxRetriesPerRequest: 1,
    commandTimeout: 1_000,
    connectTimeout: 2_000,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  const queue: NotificationQueue = new Queue<NotificationJobData, void, string>(QUEUE_NAME, {
    connection,
    defaultJobOptions,
    prefix: REDIS_PREFIX,
    skipWaitingForReady: true,
    skipVersionCheck: true,
  });
  if (connection instanceof Cluster) {
    const closeQueue = queue.close.bind(queue);
    queue.close = async () => {
      await closeQueue();
      connection.disconnect();
    };
  }
  return queue;
}

/** Opens a worker of the queue; `options` as BullMQ's, without the connection. It starts with `run()`. */
export function openWorker(
  target: QueueTarget,
  processor: NotificationProcessor,
  options: Omit<WorkerOptions, 'connection' | 'prefix' | 'autorun'>,
  onError: (error: Error) => void,
): NotificationWorker {
  const worker =
    target.redisUrl === undefined
      ? (new Worker(
          QUEUE_NAME,
          processor,
          { ...options, autorun: false, connection: postgresConnection(target, 10) },
          createPostgresBackend,
        ) as unknown as NotificationWorker)
      : new Worker<NotificationJobData, void, string>(QUEUE_NAME, processor, {
          ...options,
          autorun: false,
          // Of a cluster's client BullMQ takes copies, which it opens and closes.
          connection: bullConnection(target.redisUrl, {
            retryStrategy,
            maxRetriesPerRequest: null,
            connectTimeout: 2_000,
            socketTimeout: SOCKET_TIMEOUT_MS,
            lazyConnect: true,
          }),
          prefix: REDIS_PREFIX,
        });
  worker.on('error', onError);
  return worker;
}

/** Brings BullMQ's own schema in `databaseUrl` up to date; needed where the queue lives in PostgreSQL. */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
