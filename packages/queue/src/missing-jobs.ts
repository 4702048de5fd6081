import type { NotificationQueue } from './backend.ts';
import { type JobKey, jobId } from './notification-job.ts';

/**
 * Of the given keys, those without a job that still has something to do: the queue lost it, or it has ended.
 *
 * Looks the jobs up by id. Asking for their state would search the list of waiting jobs, which may be a million long.
 */
export async function findMissingJobs<Key extends JobKey>(
  queue: NotificationQueue,
  keys: Key[],
): Promise<Key[]> {
  const jobs = await Promise.all(keys.map((key) => queue.getJob(jobId(key))));
  return keys.filter((_, index) => {
    const job = jobs[index];
    return !job || job.finishedOn != null;
  });
}
