import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../src/retry-delay.ts';
import { decide } from '../src/verdict.ts';

const policy = { attempts: 3, unknownOutcome: 'resend' } as const;
const fresh = { claim: 1, retries: 0, unknowns: 0 };
const failure = { reason: 'message_refused', detail: 'some words' } as const;

describe('decide', () => {
  it('ends the job when the message was sent', () => {
    expect(decide({ outcome: 'sent', telegramMessageId: 1 }, fresh, policy, 0.5)).toEqual({
      status: 'sent',
      reason: null,
      retryInMs: null,
      counts: false,
      ending: { kind: 'done' },
    });
  });

  it('retries with backoff until the attempts are used up', () => {
    const outcome = { outcome: 'retry', ...failure } as const;
    expect(decide(outcome, fresh, policy, 0.5)).toMatchObject({ status: 'pending', retryInMs: 500 });
    expect(decide(outcome, { claim: 3, retries: 1, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      retryInMs: 1_000,
      ending: { kind: 'retry', inMs: 1_000 },
    });
    expect(decide(outcome, { claim: 3, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'failed',
      reason: 'attempts_used_up',
      ending: { kind: 'cancel' },
    });
  });

  it('counts no connection that could not be made', () => {
    const outcome = { outcome: 'retry', reason: 'no_connection', detail: 'ECONNREFUSED' } as const;
    expect(decide(outcome, { claim: 30, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      counts: false,
      ending: { kind: 'snooze' },
    });
  });

  it('sends at once to the new id of a chat that migrated', () => {
    const outcome = { outcome: 'retry', ...failure, migrateToChatId: -1001 } as const;
    expect(decide(outcome, fresh, policy, 0.5)).toMatchObject({ status: 'pending', retryInMs: 0 });
  });

  it('waits exactly as long as Telegram asks, however often it was throttled', () => {
    const outcome = {
      outcome: 'throttled',
      reason: 'too_many_requests',
      detail: '',
      retryAfterMs: 7_000,
    } as const;
    expect(decide(outcome, { claim: 3, retries: 2, unknowns: 2 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      ending: { kind: 'snooze', inMs: 7_000 },
    });
  });

  it('keeps the attempts while the token is refused', () => {
    const outcome = { outcome: 'unauthorized', ...failure } as const;
    expect(decide(outcome, { claim: 3, retries: 2, unknowns: 0 }, policy, 0.5)).toMatchObject({
      status: 'pending',
      ending: { kind: 'snooze' },
    });
  });

  it('fails at once what Telegram will never take', () => {
    expect(decide({ outcome: 'rejected', ...failure }, fresh, policy, 0.5)).toMatchObject({
      status: 'failed',
      reason: 'message_refused',
      ending: { kind: 'cancel' },
    });
  });

  it('sends again after an unknown outcome at most twice, or leaves it to an operator', () => {
    const outcome = { outcome: 'unknown', ...failure } as const;
    expect(decide(outcome, { claim: 3, retries: 0, unknowns: 1 }, policy, 0.5)).toMatchObject({
      status: 'pending',
    });
    expect(decide(outcome, { claim: 3, retries: 0, unknowns: 2 }, policy, 0.5)).toMatchObject({
      status: 'unknown',
    });
    expect(decide(outcome, fresh, { ...policy, unknownOutcome: 'hold' }, 0.5)).toMatchObject({
      status: 'unknown',
    });
  });
});

describe('retryDelayMs', () => {
  it('doubles its ceiling up to five minutes and jitters over all of it', () => {
    const ceilings = Array.from({ length: 12 }, (_, index) => retryDelayMs(index + 1, 1));
    expect(ceilings).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000, 300_000,
    ]);
    expect(retryDelayMs(5, 0)).toBe(0);
  });
});
