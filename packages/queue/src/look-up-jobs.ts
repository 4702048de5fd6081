import type { NotificationQueue } from './backend.ts';
import { type JobKey, jobId } from './notification-job.ts';

export type FoundJobs<Key> = {
  /** Those without a job that still has something to do: the queue lost it, or it has ended. */
  missing: Key[];
  /** Those whose job waits for its time, with the delay that it was given, in milliseconds. */
  delayed: { key: Key; delayMs: number; promote(): Promise<void> }[];
};

/**
 * Looks up the jobs of the given keys by id. Asking for their state would search the list of waiting jobs, which may be a
 * million long.
 */
export async function lookUpJobs<Key extends JobKey>(
  queue: NotificationQueue,
  keys: Key[],
): Promise<FoundJobs<Key>> {
  const found: FoundJobs<Key> = { missing: [], delayed: [] };
  await Promise.all(
    keys.map(async (key) => {
      const job = await queue.getJob(jobId(key));
      if (!job || job.finishedOn != null) found.missing.push(key);
      else if (job.delay > 0) found.delayed.push({ key, delayMs: job.delay, promote: () => job.promote() });
    }),
  );
  return found;
}
