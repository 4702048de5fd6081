import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageLimits } from '../src/limits.ts';

const GRACE_MS = 100;

describe('createMessageLimits', () => {
  it('accepts n messages in any 1,000 ms and refuses the next, sliding', () => {
    const limits = createMessageLimits({ messagesPerSecond: 2, chatIntervalMs: 0 }, GRACE_MS);
    expect([0, 600, 1000, 1600].map((atMs) => limits.admit(atMs, atMs))).toEqual([null, null, null, null]);
    expect(limits.admit(5, 1999)).toBe(1);
    expect(limits.refused429).toBe(1);
  });

  it('never accepts more than n in a window of 1,000 ms, however the requests come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
        (messagesPerSecond, gapsMs) => {
          const limits = createMessageLimits({ messagesPerSecond, chatIntervalMs: 0 }, GRACE_MS);
          const accepted: number[] = [];
          let atMs = 0;
          for (const gapMs of gapsMs) {
            atMs += gapMs;
            const isFree = limits.penalty(1, atMs, atMs) === null && limits.admit(1, atMs) === null;
            if (isFree) accepted.push(atMs);
          }
          for (const [index, firstMs] of accepted.entries()) {
            const next = accepted[index + messagesPerSecond];
            if (next !== undefined) expect(next - firstMs).toBeGreaterThanOrEqual(1000);
          }
        },
      ),
    );
  });

  it('holds back a chat that is written to too soon, and no other', () => {
    const limits = createMessageLimits({ messagesPerSecond: 0, chatIntervalMs: 1500 }, GRACE_MS);
    expect(limits.admit(1, 0)).toBeNull();
    expect(limits.admit(1, 100)).toBe(2);
    expect(limits.admit(2, 100)).toBeNull();
    expect(limits.penalty(2, 200, 200)).toBeNull();
    expect(limits.penalty(1, 2099, 2099)).toBe(1);
    expect(limits.penalty(1, 2100, 2100)).toBeNull();
    expect(limits.admit(1, 2100)).toBeNull();
  });

  it('counts as violations only what came when the sender could know', () => {
    const limits = createMessageLimits({ messagesPerSecond: 1, chatIntervalMs: 0 }, GRACE_MS);
    limits.admit(1, 0);
    expect(limits.admit(2, 10)).toBe(1);
    expect(limits.penalty(3, 5, 50)).toBe(1);
    expect(limits.violations).toBe(0);
    expect(limits.penalty(3, 200, 200)).toBe(1);
    expect(limits.violations).toBe(1);
    expect(limits.refused429).toBe(3);
  });

  it('keeps everybody waiting for a retry_after of the bot that was imposed', () => {
    const limits = createMessageLimits({ messagesPerSecond: 0, chatIntervalMs: 0 }, GRACE_MS);
    limits.impose(null, 3, 1000);
    expect(limits.penalty(7, 1500, 1500)).toBe(3);
    expect(limits.penalty(7, 3999, 3999)).toBe(1);
    expect(limits.penalty(7, 4000, 4000)).toBeNull();
  });
});
