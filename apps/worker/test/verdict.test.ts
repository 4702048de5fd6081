import { describe, expect, it } from 'vitest';
import { outageDelayMs, retryDelayMs } from '../src/retry-delay.ts';
import { verdictOf } from '../src/verdict.ts';

const policy = { attempts: 3, unknownOutcome: 'resend' } as const;
const fresh = { fence: 1, retries: 0, unknowns: 0 };
const failure = { reason: 'message_refused', detail: 'some words' } as const;

describe('verdictOf', () => {
  it('ends the job when the message was sent', () => {
    expect(verdictOf({ outcome: 'sent', telegramMessageId: 1 }, fresh, policy, 0.5)).toEqual({
      status: 'sent',
      reason: null,
      retryInMs: null,
      counts: false,
      ending: { kind: 'done' },
    });
  });

  it('retries with backoff until the attempts are used up', () => {
    const outcome = { outcome: 'retry', ...failure } as const;
    expect(verdictOf(outcome, fresh, policy, 0.5)).toMatchObject({ status: 'pending', retryInMs: 750 });
    expect(verdictOf(outcome, { fence: 3, retries: 1, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      retryInMs: 2_250,
      ending: { kind: 'retry', inMs: 2_250 },
    });
    expect(verdictOf(outcome, { fence: 3, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'failed',
      reason: 'attempts_used_up',
      ending: { kind: 'cancel' },
    });
  });

  it('counts no connection that could not be made', () => {
    const outcome = { outcome: 'retry', reason: 'no_connection', detail: 'ECONNREFUSED' } as const;
    expect(verdictOf(outcome, { fence: 30, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      counts: false,
      ending: { kind: 'snooze' },
    });
  });

  it('sends at once to the new id of a chat that migrated', () => {
    const outcome = { outcome: 'retry', ...failure, migrateToChatId: -1001 } as const;
    expect(verdictOf(outcome, fresh, policy, 0.5)).toMatchObject({ status: 'pending', retryInMs: 0 });
  });

  it('waits exactly as long as Telegram asks, however often it was throttled', () => {
    const outcome = {
      outcome: 'throttled',
      reason: 'too_many_requests',
      detail: '',
      retryAfterMs: 7_000,
    } as const;
    expect(verdictOf(outcome, { fence: 3, retries: 2, unknowns: 2 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      ending: { kind: 'snooze', inMs: 7_000 },
    });
  });

  it('keeps the attempts while the token is refused', () => {
    const outcome = { outcome: 'unauthorized', ...failure } as const;
    expect(verdictOf(outcome, { fence: 3, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      ending: { kind: 'snooze' },
    });
  });

  it('fails at once what Telegram will never take', () => {
    expect(verdictOf({ outcome: 'rejected', ...failure }, fresh, policy, 0.5)).toMatchObject({
      status: 'failed',
      reason: 'message_refused',
      ending: { kind: 'cancel' },
    });
  });

  it('sends again after an unknown outcome at most twice, or leaves it to an operator', () => {
    const outcome = { outcome: 'unknown', ...failure } as const;
    expect(verdictOf(outcome, { fence: 3, retries: 0, unknowns: 1 }, policy, 0.5)).toMatchObject({
      status: 'pending',
    });
    expect(verdictOf(outcome, { fence: 3, retries: 0, unknowns: 2 }, policy, 0.5)).toMatchObject({
      status: 'unknown',
    });
    expect(verdictOf(outcome, fresh, { ...policy, unknownOutcome: 'hold' }, 0.5)).toMatchObject({
      status: 'unknown',
    });
  });
});

describe('the delays between attempts', () => {
  const delaysOf = (delayMs: typeof retryDelayMs, random: number) =>
    Array.from({ length: 8 }, (_, index) => delayMs(index + 1, random));

  it('grow threefold up to ten minutes, and are jittered over their half', () => {
    expect(delaysOf(retryDelayMs, 1)).toEqual([
      1_000, 3_000, 9_000, 27_000, 81_000, 243_000, 600_000, 600_000,
    ]);
    expect(delaysOf(retryDelayMs, 0)).toEqual([500, 1_500, 4_500, 13_500, 40_500, 121_500, 300_000, 300_000]);
  });

  it('stay short in an outage, and are jittered over all of it', () => {
    expect(delaysOf(outageDelayMs, 1)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000, 16_000]);
    expect(outageDelayMs(5, 0)).toBe(0);
  });
});
