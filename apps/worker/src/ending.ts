import type { NotificationProcessor } from '@replybell/queue';
import { DelayedError, UnrecoverableError } from 'bullmq';

export type NotificationJob = Parameters<NotificationProcessor>[0];

/** A job's handling ends in exactly one of these. */
export type Ending =
  /** Nothing is left to do. */
  | { kind: 'done' }
  /** Again after a delay; a failed attempt, which Bull Board counts and shows. */
  | { kind: 'retry'; inMs: number; reason: string }
  /** Again after a delay that is nobody's fault and counts nothing. */
  | { kind: 'snooze'; inMs: number }
  /** Failed for good: it stays in Bull Board's list until an operator retries it. */
  | { kind: 'cancel'; reason: string };

/** At once: what stood in the way was nobody's fault, and is over or will be asked for anew. */
export const AGAIN: Ending = { kind: 'snooze', inMs: 0 };

/** Carries the delay to BullMQ's backoff strategy. Its message is a reason code: Bull Board shows it. */
class RetryError extends Error {
  readonly inMs: number;
  constructor(reason: string, inMs: number) {
    super(reason);
    this.name = 'RetryError';
    this.inMs = inMs;
    // An expected ending: where in our code it was thrown tells operators nothing.
    this.stack = `RetryError: ${reason}`;
  }
}

/** How long to wait after an error that nobody expected, in milliseconds. */
const UNEXPECTED_ERROR_DELAY_MS = 5_000;

/** After an error that nobody expected. BullMQ must not count it: to a claim one more attempt is an operator's retry. */
export const BROKE_OFF: Ending = { kind: 'snooze', inMs: UNEXPECTED_ERROR_DELAY_MS };

/** BullMQ's `settings.backoffStrategy`: the delay was decided together with what Postgres was told. */
export function backoffStrategy(_attemptsMade: number, _type?: string, error?: Error): number {
  return error instanceof RetryError ? error.inMs : UNEXPECTED_ERROR_DELAY_MS;
}

/** Ends a job the way that was decided: returns for `done`, throws what BullMQ takes for the others. */
export async function endJob(job: NotificationJob, token: string | undefined, ending: Ending): Promise<void> {
  switch (ending.kind) {
    case 'done':
      return;
    case 'retry':
      // An operator's retry may go beyond the attempts that BullMQ knows of; Postgres has started a new count.
      if (job.attemptsMade + 1 >= (job.opts.attempts ?? 1)) return snooze(job, token, ending.inMs);
      throw new RetryError(ending.reason, ending.inMs);
    case 'snooze':
      return snooze(job, token, ending.inMs);
    case 'cancel': {
      const error = new UnrecoverableError(ending.reason);
      error.stack = `UnrecoverableError: ${ending.reason}`;
      throw error;
    }
  }
}

async function snooze(job: NotificationJob, token: string | undefined, inMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + inMs, token);
  throw new DelayedError();
}
