import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@replybell/config';
import {
  claimNotifications,
  createBatcher,
  createServerClock,
  createSettler,
  type Db,
  leaseMsFor,
  releaseClaim,
} from '@replybell/database';
import { type Logger, reasonOf, texts } from '@replybell/logger';
import { openWorker, parseJobId, type QueueTarget, workerOptions } from '@replybell/queue';
import { type Sender, tokenFingerprint } from '@replybell/telegram';
import type { Persist } from './database-patience.ts';
import { type DeliveryContext, deliver } from './delivery.ts';
import { BROKE_OFF, backoffStrategy, endJob, type NotificationJob } from './ending.ts';
import type { Gate } from './gate.ts';
import { timed, type WorkerMetrics } from './metrics.ts';
import type { Pausing } from './pausing.ts';

export type ConsumerOptions = {
  target: QueueTarget;
  db: Db;
  sender: Sender;
  logger: Logger;
  config: Config & { BOT_TOKEN: string; WEBAPP_URL: string };
  gate: Gate;
  pausing: Pausing;
  persist: Persist;
  metrics: WorkerMetrics;
  onQueueError: (error: Error) => void;
};

export type Consumer = {
  /** Takes no more jobs, gives back those that have not been claimed, and waits for the others. */
  stop(): Promise<void>;
};

/** How long closing may take once no job is at work, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * A second's messages may leave in this part of a second at the quickest: sends that begin at the same moment hold one
 * another up, answer late, and keep their slots longer than need be, second after second.
 */
const BURST_SHARE = 0.1;

/** Consumes the queue: each job is delivered, and ended as the delivery says. */
export function startConsumer(options: ConsumerOptions): Consumer {
  const { config, db, gate, logger, metrics, pausing, persist, sender } = options;
  const draining = new AbortController();
  const chatIntervalMs = config.TELEGRAM_CHAT_INTERVAL_MS;
  const claimOptions = {
    leaseMs: leaseMsFor(config.TELEGRAM_TIMEOUT_MS),
    spacingMs: (BURST_SHARE * 1_000) / config.TELEGRAM_MESSAGES_PER_SECOND,
    chatIntervalMs,
    folding: config.FOLDING === 'on',
    ttlHours: config.NOTIFICATION_TTL_HOURS,
    tokenFingerprint: tokenFingerprint(config.BOT_TOKEN),
    clock: createServerClock(),
  };

  const context: DeliveryContext = {
    db,
    claim: timed(
      metrics.claimSeconds,
      createBatcher((requests) => claimNotifications(db, requests, claimOptions)),
    ),
    settle: timed(metrics.settleSeconds, createSettler(db, chatIntervalMs)),
    release: (claim) => persist(() => releaseClaim(db, claim, claimOptions.leaseMs)),
    persist,
    gate,
    pausing,
    countAttempt: ({ outcome }) => metrics.attempts.inc({ outcome }),
    sender: { ...sender, send: timed(metrics.sendSeconds, sender.send) },
    button: {
      webAppUrl: config.WEBAPP_URL,
      kind: config.WEBAPP_BUTTON,
      shortName: config.WEBAPP_SHORT_NAME,
    },
    policy: { attempts: config.NOTIFICATION_ATTEMPTS, unknownOutcome: config.UNKNOWN_OUTCOME },
    logger,
    draining: draining.signal,
  };

  async function handle(job: NotificationJob, token: string | undefined): Promise<void> {
    const key = parseJobId(job.id);
    if (!key || !job.id) return endJob(job, token, { kind: 'cancel', reason: 'not_a_notification_job' });
    const ending = await deliver({ ...key, jobId: job.id, run: job.attemptsMade }, context).catch(
      (error: unknown) => {
        const { stage, text } = texts.failed('The delivery broke off');
        const notificationId = String(key.notificationId);
        const { ticketId } = job.data;
        logger.error({ stage, notificationId, ticketId, jobId: job.id, reason: reasonOf(error) }, text);
        return BROKE_OFF;
      },
    );
    return endJob(job, token, ending);
  }

  const atWork = new Set<Promise<void>>();
  const worker = openWorker(
    options.target,
    (job, token) => {
      const handling = handle(job, token);
      atWork.add(handling);
      return handling.finally(() => atWork.delete(handling));
    },
    { ...workerOptions, concurrency: config.WORKER_CONCURRENCY, settings: { backoffStrategy } },
    options.onQueueError,
  );
  worker.run().catch(options.onQueueError);

  return {
    async stop() {
      draining.abort();
      // A queue that is away keeps the worker from closing; when no job is at work there is not much to wait for.
      const done = Promise.allSettled(atWork).then(() => sleep(CLOSE_TIMEOUT_MS));
      await Promise.race([worker.close(), done]);
    },
  };
}
