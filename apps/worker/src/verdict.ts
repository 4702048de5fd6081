import { type Claim, resendsOf, type Settlement, type UnknownOutcomePolicy } from '@replybell/database';
import type { AttemptOutcome } from '@replybell/telegram';
import type { Ending } from './ending.ts';
import { outageDelayMs, retryDelayMs } from './retry-delay.ts';

export type Policy = {
  /** NOTIFICATION_ATTEMPTS. */
  attempts: number;
  unknownOutcome: UnknownOutcomePolicy;
};

/** What an attempt's outcome means for its notification and for its job. */
export type Verdict = Pick<Settlement, 'status' | 'reason' | 'retryInMs' | 'counts'> & { ending: Ending };

/**
 * Decides what becomes of a notification after an attempt, unless the user can't be reached: that parks it. Pure.
 *
 * Only answers of kind `retry` use up attempts; unknown outcomes have their own count; throttling, a refused token and
 * connections that could not be made count nothing.
 *
 * @param random from 0 to 1, exclusive, for the jitter.
 */
export function verdictOf(
  outcome: Exclude<AttemptOutcome, { outcome: 'unreachable' }>,
  counted: Pick<Claim, 'fence' | 'retries' | 'unknowns'>,
  policy: Policy,
  random: number,
): Verdict {
  switch (outcome.outcome) {
    case 'sent':
      return { status: 'sent', reason: null, retryInMs: null, counts: false, ending: { kind: 'done' } };
    case 'retry': {
      if (!isAnswer(outcome)) return wait(outcome.reason, outageDelayMs(counted.fence, random));
      const failures = counted.retries + 1;
      if (failures >= policy.attempts) return fail('attempts_used_up', true);
      const inMs = outcome.migrateToChatId === undefined ? retryDelayMs(failures, random) : 0;
      const ending = { kind: 'retry', inMs, reason: outcome.reason } as const;
      return { ...wait(outcome.reason, inMs), counts: true, ending };
    }
    case 'throttled':
      return wait(outcome.reason, outcome.retryAfterMs);
    case 'unauthorized':
      // A refused token pauses all deliveries, so the notification itself has nothing to wait for.
      return wait(outcome.reason, 0);
    case 'unknown': {
      const resend = counted.unknowns < resendsOf(policy.unknownOutcome);
      if (resend) return wait(outcome.reason, retryDelayMs(counted.unknowns + 1, random));
      const ending = { kind: 'cancel', reason: outcome.reason } as const;
      return { status: 'unknown', reason: outcome.reason, retryInMs: null, counts: false, ending };
    }
    case 'rejected':
      return fail(outcome.reason, false);
  }
}

/** A request that certainly did not leave had no answer: it uses up nothing. */
const isAnswer = (outcome: { reason: string }) => outcome.reason !== 'no_connection';

/** Waits without using up an attempt. */
export const wait = (reason: string, inMs: number): Verdict => ({
  status: 'pending',
  reason,
  retryInMs: inMs,
  counts: false,
  ending: { kind: 'snooze', inMs },
});

const fail = (reason: string, counts: boolean): Verdict => ({
  status: 'failed',
  reason,
  retryInMs: null,
  counts,
  ending: { kind: 'cancel', reason },
});
