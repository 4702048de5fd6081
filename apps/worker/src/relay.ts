import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Database,
  findOverdue,
  type OverdueCursor,
  recoverExpiredLeases,
  renewEpochs,
} from '@replybell/database';
import { createOutageLog, type Logger, texts } from '@replybell/logger';
import { type FoundJobs, jobId, lookUpJobs, type NotificationQueue, toBulkJob } from '@replybell/queue';
import type { Kysely } from 'kysely';
import type { WorkerMetrics } from './metrics.ts';

export type RelayOptions = {
  db: Kysely<Database>;
  queue: NotificationQueue;
  logger: Logger;
  unknownOutcome: 'resend' | 'hold';
  metrics: WorkerMetrics;
};

const PASS_EVERY_MS = 1_000;
/** A job that was just added gets so much time before the relay looks for it. */
const GRACE_MS = 2_000;
/** A delayed job whose notification has been due for so much longer than the delay is not woken by the queue. */
const FORGOTTEN_AFTER_MS = 20_000;
/** At most so many are woken in one look. */
const PROMOTIONS = 20;
/** Rows in one look; a pass goes on while it finds jobs missing. */
const PAGE = 500;

/**
 * Takes back claims whose lease ran out, then gives a new job to each overdue notification whose job is missing.
 * Safe to run in any number of workers at once: a row's epoch can be counted up only once.
 */
async function relayPass(
  { db, queue, logger, metrics, unknownOutcome }: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const lease of await recoverExpiredLeases(db, { policy: unknownOutcome, limit: PAGE })) {
    metrics.attempts.inc({ outcome: 'unknown' });
    const { stage, text } = texts.failed('No answer was recorded before the lease ran out');
    const willRetry = lease.status === 'pending';
    logger[willRetry ? 'warn' : 'error'](
      {
        stage,
        notificationId: String(lease.notificationId),
        ticketId: lease.ticketId,
        jobId: jobId(lease),
        attempt: lease.claim,
        requestId: lease.requestId,
        outcome: 'unknown',
        reason: 'lease_expired',
        retryInMs: willRetry ? 0 : null,
      },
      text,
    );
  }

  let made = 0;
  let after: OverdueCursor | undefined;
  do {
    const page = await findOverdue(db, { graceMs: GRACE_MS, limit: PAGE, after });
    const { missing, delayed } = await lookUpJobs(queue, page.keys);
    await promoteForgotten(delayed);
    if (missing.length === 0) break;
    const renewed = await renewEpochs(db, missing);
    await queue.addBulk(renewed.map(toBulkJob));
    made += renewed.length;
    after = page.next;
  } while (after && !signal.aborted);
  if (made > 0) logger.info({ jobs: made }, 'The relay made jobs for notifications that had none');
}

/**
 * Wakes jobs that sleep although their notification has been due for long: a worker's clock was wrong when they were
 * delayed, and the queue keeps to it. A job that waits for its chat's turn may be woken too; it just goes to sleep again.
 */
async function promoteForgotten(delayed: FoundJobs<{ overdueMs: number }>['delayed']): Promise<void> {
  const forgotten = delayed.filter(({ key, delayMs }) => key.overdueMs > delayMs + FORGOTTEN_AFTER_MS);
  // Another relay, or the queue itself, may have woken it just now.
  for (const job of forgotten.slice(0, PROMOTIONS)) await job.promote().catch(() => {});
}

export type Relay = {
  /** Runs a pass at once. */
  wake(): void;
  stop(): Promise<void>;
};

/**
 * Runs passes on a timer and whenever it is woken, one at a time, until it is stopped.
 *
 * @param chores what else must be looked after regularly; done before each pass. The signal aborts when the relay stops.
 */
export function startRelay(options: RelayOptions, chores: (signal: AbortSignal) => Promise<void>): Relay {
  const outage = createOutageLog(options.logger, {
    failed: 'The relay can not work now and tries again each second',
    recovered: 'The relay works again',
  });
  const stopping = new AbortController();
  let waking: AbortController;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      try {
        await chores(stopping.signal);
        await relayPass(options, stopping.signal);
        outage.recovered();
      } catch (error) {
        // Postgres or the queue is away: the next pass tries again.
        outage.failed(error);
      }
      await pause();
    }
  }

  function pause(): Promise<void> {
    const ms = PASS_EVERY_MS * (0.75 + Math.random() / 2);
    const signal = AbortSignal.any([stopping.signal, waking.signal]);
    return sleep(ms, undefined, { signal }).catch(() => {});
  }

  const running = run();
  return {
    wake: () => waking.abort(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
