/** The database server's clock, told in moments of this process's `performance.now()`. */
export type ServerClock = {
  /**
   * When a moment of the server's clock comes here; never too early.
   *
   * @param serverMs the moment, in milliseconds of the server's clock.
   * @param reading what the server's clock showed while a statement ran, and when that was asked and answered here.
   */
  toLocalMs(serverMs: number, reading: ClockReading): number;
};

type ClockReading = { clockMs: number; askedAtMs: number; answeredAtMs: number };

/** For so long a reading is good for: two clocks that run 50 ppm apart are 0.5 ms apart after it. In milliseconds. */
const WINDOW_MS = 10_000;

/**
 * An answer is late by its way, and by whatever else this process and the server had to do. The answer that was the least
 * late of the last seconds tells best how the two clocks stand to one another: taking each answer's own lateness instead
 * would waste some milliseconds of each slot of the pace.
 */
export function createServerClock(): ServerClock {
  // The least difference of the current half of the window and of the one before.
  let current = Number.POSITIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  let turnsAtMs = 0;

  return {
    toLocalMs(serverMs, { clockMs, askedAtMs, answeredAtMs }) {
      if (answeredAtMs >= turnsAtMs) {
        before = answeredAtMs < turnsAtMs + WINDOW_MS / 2 ? current : Number.POSITIVE_INFINITY;
        current = Number.POSITIVE_INFINITY;
        turnsAtMs = answeredAtMs + WINDOW_MS / 2;
      }
      current = Math.min(current, answeredAtMs - clockMs);
      // The clock was read between question and answer, whatever the others say: it may have been set meanwhile.
      const differenceMs = Math.max(askedAtMs - clockMs, Math.min(current, before));
      return serverMs + differenceMs;
    },
  };
}
