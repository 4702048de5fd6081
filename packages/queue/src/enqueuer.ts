import { setImmediate as immediate } from 'node:timers/promises';
import type { NotificationQueue } from './backend.ts';
import { toBulkJob } from './job-options.ts';
import type { JobKey } from './notification-job.ts';

export type Enqueuer = {
  /** Hands a job over. Returns at once and never throws. */
  enqueue(key: JobKey): void;
  /** Waits until what was handed over is added, or has failed. */
  close(): Promise<void>;
};

type Adds = Pick<NotificationQueue, 'add' | 'addBulk'>;

/** One job alone is added by `add`, which is cheaper than a transaction of one. */
async function addJobs(queue: Adds, keys: JobKey[]): Promise<void> {
  const [first, ...others] = keys.map(toBulkJob);
  if (first && others.length === 0) await queue.add(first.name, first.data, first.opts);
  else if (first) await queue.addBulk([first, ...others]);
}

/** Beyond so many waiting adds the relay takes over, so that an outage can't fill the memory. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 500;

/**
 * Adds jobs in the background, all that wait in one `addBulk`, so that no request waits for the queue. A job that
 * can't be added is no loss: the relay finds its notification within seconds.
 *
 * @param onFailed hears of each failed batch, with the number of its jobs.
 * @param onAdded hears of each batch that arrived.
 */
export function createEnqueuer(
  queue: Adds,
  {
    onFailed,
    onAdded,
  }: { onFailed: (error: unknown, jobs: number) => void; onAdded?: (jobs: number) => void },
): Enqueuer {
  const waiting: JobKey[] = [];
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // The answer that the caller is about to send goes first: adding costs this process some time too.
    await immediate();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      try {
        await addJobs(queue, batch);
        onAdded?.(batch.length);
      } catch (error) {
        onFailed(error, batch.length);
      }
    }
    draining = undefined;
  }

  return {
    enqueue(key) {
      if (waiting.length >= MAX_WAITING) return;
      waiting.push(key);
      draining ??= drain();
    },
    async close() {
      await draining;
    },
  };
}
