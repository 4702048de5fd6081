export {
  backendName,
  isOnRedis,
  migrateQueue,
  type NotificationProcessor,
  type NotificationQueue,
  type NotificationWorker,
  openQueue,
  openWorker,
  type QueueTarget,
} from './backend.ts';
export { createEnqueuer, type Enqueuer } from './enqueuer.ts';
export { toBulkJob, workerOptions } from './job-options.ts';
export { type FoundJobs, lookUpJobs } from './look-up-jobs.ts';
export { type JobKey, jobId, parseJobId, QUEUE_NAME } from './notification-job.ts';
export { queueHealth } from './queue-health.ts';
export { findQueueOwner, takeOverQueue } from './queue-owner.ts';
export { connectRedis } from './redis-client.ts';
