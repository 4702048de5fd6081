import {
  type Db,
  findDatabaseIdentity,
  findOverdue,
  type OverdueCursor,
  renewEpochs,
  takeBackClaims,
  type UnknownOutcomePolicy,
} from '@replybell/database';
import { createOutageLog, type Logger, texts } from '@replybell/logger';
import {
  type FoundJobs,
  jobId,
  lookUpJobs,
  type NotificationQueue,
  takeOverQueue,
  toBulkJob,
} from '@replybell/queue';
import type { WorkerMetrics } from './metrics.ts';
import { type Repeating, repeat } from './repeat.ts';

export type RelayOptions = {
  db: Db;
  queue: NotificationQueue;
  logger: Logger;
  unknownOutcome: UnknownOutcomePolicy;
  metrics: WorkerMetrics;
};

const PASS_EVERY_MS = 1_000;
/** Between two pages of a backlog that is longer than a page. */
const BREATH_MS = 100;
/**
 * A job that was just added gets so much time before the relay looks for it, and so does an answer that waits for a held
 * row before its notification is sent again: longer than `LONGEST_WAIT_MS` of the database's patience.
 */
const GRACE_MS = 2_000;
/** A delayed job whose notification has been due for so much longer than the delay is not woken by the queue. */
const FORGOTTEN_AFTER_MS = 20_000;
/** At most so many are woken at once, and none in the second after. */
const PROMOTIONS = 20;
/** After an outage, workers first settle the answers that they kept: a lease that ran out meanwhile means nothing yet. */
const SETTLES_FIRST_MS = 3_000;
/** Rows in one look. */
const PAGE = 500;

/** Takes back claims whose lease ran out. */
async function takeBack({ db, logger, metrics, unknownOutcome }: RelayOptions): Promise<void> {
  for (const lease of await takeBackClaims(db, { policy: unknownOutcome, limit: PAGE })) {
    metrics.attempts.inc({ outcome: 'unknown' });
    const { stage, text } = texts.failed('No answer was recorded before the lease ran out');
    const willRetry = lease.status === 'pending';
    logger[lease.status === 'unknown' ? 'error' : 'warn'](
      {
        stage,
        notificationId: String(lease.notificationId),
        ticketId: lease.ticketId,
        jobId: jobId(lease),
        attempt: lease.claim,
        requestId: lease.requestId,
        outcome: 'unknown',
        reason: 'lease_expired',
        retryInMs: willRetry ? GRACE_MS : null,
      },
      text,
    );
  }
}

/**
 * Returns a function that gives a new job to each notification of the next page of overdue ones whose job is missing, and
 * goes on while it finds such. Safe to run in any number of workers at once: a row's epoch can be counted up only once.
 *
 * The pages follow one another from call to call, through the whole backlog and then from its beginning again: most of
 * a backlog has its jobs, and what has none may be anywhere in it. The function tells whether there is a next page.
 */
function createJobGiver({ db, queue, logger }: RelayOptions): (signal: AbortSignal) => Promise<boolean> {
  const promoteForgotten = createPromoter();
  let after: OverdueCursor | undefined;

  return async (signal) => {
    let made = 0;
    for (let isComplete = false; !isComplete && !signal.aborted; ) {
      const page = await findOverdue(db, { graceMs: GRACE_MS, limit: PAGE, after });
      const { missing, delayed } = await lookUpJobs(queue, page.keys);
      await promoteForgotten(delayed);
      const renewed = missing.length > 0 ? await renewEpochs(db, missing) : [];
      await queue.addBulk(renewed.map(toBulkJob));
      made += renewed.length;
      after = page.next;
      isComplete = missing.length === 0 || !after;
    }
    if (made > 0) logger.info({ jobs: made }, 'The relay made jobs for notifications that had none');
    return after !== undefined;
  };
}

/**
 * Returns a function that wakes jobs that sleep although their notification has been due for long: a worker's clock was
 * wrong when they were delayed, and the queue keeps to it. A job that waits for its chat's turn may be woken too; it just
 * goes to sleep again.
 */
function createPromoter(): (delayed: FoundJobs<{ overdueMs: number }>['delayed']) => Promise<void> {
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  return async (delayed) => {
    const forgotten = delayed.filter(({ key, delayMs }) => key.overdueMs > delayMs + FORGOTTEN_AFTER_MS);
    if (forgotten.length === 0 || performance.now() < restsUntilMs) return;
    restsUntilMs = performance.now() + PASS_EVERY_MS;
    // Another relay, or the queue itself, may have woken it just now.
    for (const job of forgotten.slice(0, PROMOTIONS)) await job.promote().catch(() => {});
  };
}

/**
 * Returns a function that makes the queue this database's once, and says so if it was another's: one that was restored or
 * moved is right to take it over, and two that share it take it from one another.
 */
function createQueueTaker({ db, queue, logger }: RelayOptions): () => Promise<void> {
  let isOurs = false;

  return async () => {
    if (isOurs) return;
    const identity = await findDatabaseIdentity(db);
    if (identity !== undefined && (await takeOverQueue(queue, identity))) {
      logger.warn(
        { stage: 'start' },
        "The queue in Redis was another database's: it was emptied, and jobs are made again from Postgres. Installations " +
          'must not share one: give each a REDIS_URL of its own',
      );
    }
    isOurs = true;
  };
}

/**
 * Runs passes on a timer and whenever it is woken, one at a time, until it is stopped. What fails, as Postgres or the queue
 * is away, is done by the next pass.
 */
export function startRelay(options: RelayOptions): Repeating {
  const takeQueue = createQueueTaker(options);
  const giveJobs = createJobGiver(options);
  const outage = createOutageLog(options.logger, {
    failed: 'The relay can not work now and tries again each second',
    recovered: 'The relay works again',
  });
  let takesBackFromMs = Number.NEGATIVE_INFINITY;

  async function pass(signal: AbortSignal): Promise<boolean> {
    try {
      if (performance.now() >= takesBackFromMs) await takeBack(options);
      await takeQueue();
      return await giveJobs(signal);
    } catch (error) {
      takesBackFromMs = performance.now() + SETTLES_FIRST_MS;
      throw error;
    }
  }

  return repeat(pass, { restMs: (isMore) => (isMore ? BREATH_MS : PASS_EVERY_MS), outage });
}
