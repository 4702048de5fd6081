/** The queue's name, as Bull Board shows it. */
export const QUEUE_NAME = 'notifications';
/** The jobs' name. */
export const JOB_NAME = 'notify';

/** What a job carries: ids, nothing private. Postgres has the rest. */
export type NotificationJobData = {
  /** A string, as everywhere outside of Postgres. */
  notificationId: string;
  ticketId: number;
};

/** Names one job: the notification, its ticket, and the number of the job among the notification's jobs. */
export type JobKey = { notificationId: number; ticketId: number; epoch: number };

export function jobId({ notificationId, epoch }: Pick<JobKey, 'notificationId' | 'epoch'>): string {
  return `n-${notificationId}-${epoch}`;
}

/** Reads a job's id; undefined if it is none of ours (added by hand, say). */
export function parseJobId(id: string | undefined): { notificationId: number; epoch: number } | undefined {
  const match = /^n-(\d{1,16})-(\d{1,9})$/.exec(id ?? '');
  return match ? { notificationId: Number(match[1]), epoch: Number(match[2]) } : undefined;
}
