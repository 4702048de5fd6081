import { type Claim, RESENDS_AFTER_UNKNOWN, type Settlement } from '@replybell/database';
import type { AttemptOutcome } from '@replybell/telegram';
import type { Ending } from './ending.ts';
import { retryDelayMs } from './retry-delay.ts';

export type Policy = {
  /** NOTIFICATION_ATTEMPTS. */
  attempts: number;
  /** UNKNOWN_OUTCOME. */
  unknownOutcome: 'resend' | 'hold';
};

/** What an attempt's outcome means for its notification and for its job. */
export type Verdict = Pick<Settlement, 'status' | 'reason' | 'retryInMs'> & { ending: Ending };

/** How long a notification waits while the token is refused, in milliseconds. */
const UNAUTHORIZED_DELAY_MS = 30_000;

/**
 * Decides what becomes of a notification after an attempt, unless the user can't be reached: that parks it. Pure.
 *
 * Only answers of kind `retry` use up attempts; unknown outcomes have their own count; throttling and a refused token
 * count nothing.
 *
 * @param random from 0 to 1, exclusive, for the jitter.
 */
export function decide(
  outcome: Exclude<AttemptOutcome, { outcome: 'unreachable' }>,
  counted: Pick<Claim, 'retries' | 'unknowns'>,
  policy: Policy,
  random: number,
): Verdict {
  switch (outcome.outcome) {
    case 'sent':
      return { status: 'sent', reason: null, retryInMs: null, ending: { kind: 'done' } };
    case 'retry': {
      const failures = counted.retries + 1;
      if (failures >= policy.attempts) return fail('attempts_used_up');
      const inMs = outcome.migrateToChatId === undefined ? retryDelayMs(failures, random) : 0;
      return { ...wait(outcome.reason, inMs), ending: { kind: 'retry', inMs, reason: outcome.reason } };
    }
    case 'throttled':
      return wait(outcome.reason, outcome.retryAfterMs);
    case 'unauthorized':
      return wait(outcome.reason, UNAUTHORIZED_DELAY_MS);
    case 'unknown': {
      const resend = policy.unknownOutcome === 'resend' && counted.unknowns < RESENDS_AFTER_UNKNOWN;
      if (resend) return wait(outcome.reason, retryDelayMs(counted.unknowns + 1, random));
      const ending = { kind: 'cancel', reason: outcome.reason } as const;
      return { status: 'unknown', reason: outcome.reason, retryInMs: null, ending };
    }
    case 'rejected':
      return fail(outcome.reason);
  }
}

const wait = (reason: string, inMs: number): Verdict => ({
  status: 'pending',
  reason,
  retryInMs: inMs,
  ending: { kind: 'snooze', inMs },
});

const fail = (reason: string): Verdict => ({
  status: 'failed',
  reason,
  retryInMs: null,
  ending: { kind: 'cancel', reason },
});
