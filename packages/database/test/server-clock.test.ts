import { describe, expect, it } from 'vitest';
import { createServerClock } from '../src/server-clock.ts';

/** The server's clock shows a million more than ours. */
const AHEAD_MS = 1_000_000;
/** An answer whose clock was read `wayMs` before it came. */
const answer = (atMs: number, wayMs: number, aheadMs = AHEAD_MS) => ({
  clockMs: atMs - wayMs + aheadMs,
  askedAtMs: atMs - wayMs - 1,
  answeredAtMs: atMs,
});

describe('the clock of the server', () => {
  it('is never told too early, and as well as the quickest answer of the last seconds can tell', () => {
    const clock = createServerClock();
    expect(clock.toLocalMs(AHEAD_MS + 500, answer(100, 20))).toBe(520);
    expect(clock.toLocalMs(AHEAD_MS + 500, answer(200, 2))).toBe(502);
    expect(clock.toLocalMs(AHEAD_MS + 500, answer(300, 30))).toBe(502);
  });

  it('forgets answers of long ago, as clocks drift', () => {
    const clock = createServerClock();
    clock.toLocalMs(0, answer(100, 2));
    expect(clock.toLocalMs(AHEAD_MS + 30_000, answer(20_000, 30))).toBe(30_030);
  });

  it('is believed at once when somebody sets it, forward or back', () => {
    const clock = createServerClock();
    clock.toLocalMs(0, answer(100, 2));
    const forward = clock.toLocalMs(2 * AHEAD_MS + 500, answer(200, 2, 2 * AHEAD_MS));
    expect(forward).toBe(502);
    const back = clock.toLocalMs(AHEAD_MS + 500, answer(300, 2));
    expect(back).toBeGreaterThanOrEqual(499);
    expect(back).toBeLessThanOrEqual(502);
  });
});
