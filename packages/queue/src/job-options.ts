import type { JobsOptions, WorkerOptions } from 'bullmq';
import { JOB_NAME, type JobKey, jobId, type NotificationJobData } from './notification-job.ts';

/**
 * The options that every job carries. Kept to these two: up to 64 bytes of options a waiting job stays in Redis'
 * compact encoding. `attempts` lets Bull Board show how many there are; Postgres counts, and the worker ends the job.
 */
export const jobOptions = (attempts: number) =>
  ({ attempts, backoff: { type: 'postgres' } }) satisfies JobsOptions;

/** One job in the shape that `queue.addBulk` takes. */
export function toBulkJob(key: JobKey): {
  name: string;
  data: NotificationJobData;
  opts: { jobId: string };
} {
  return {
    name: JOB_NAME,
    data: { notificationId: String(key.notificationId), ticketId: key.ticketId },
    opts: { jobId: jobId(key) },
  };
}

/**
 * What is the same for all jobs stands on the worker.
 *
 * A killed worker's jobs are back after about 3 s and as often as it takes: whether a notification may be sent is
 * decided by its claim in Postgres, so a job that runs twice is harmless, and one that is buried is not.
 */
export const workerOptions = {
  lockDuration: 3_000,
  stalledInterval: 1_000,
  maxStalledCount: 1_000_000,
  runRetryDelay: 1_000,
  removeOnComplete: { count: 1_000 },
  removeOnFail: { count: 10_000 },
} as const satisfies Partial<WorkerOptions>;
