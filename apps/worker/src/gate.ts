import { setTimeout as sleep } from 'node:timers/promises';
import type { PauseKind } from '@replybell/database';

/**
 * Holds back jobs while nothing may be claimed, so that they wait in one place and not in the queue's delayed set. Only
 * for moments: whether a pause is over, the next claim asks Postgres.
 */
export type Gate = {
  /** Waits while the gate is closed. Rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void>;
  /** Closes for so long, or longer if it is closed already. */
  close(forMs: number): void;
  /** Closes, and says that sends that have their slot already must not begin either. */
  pause(kind: PauseKind, forMs: number): void;
  isPaused(): boolean;
  /** Whether this process was held back by an outage less than two minutes ago: then it isn't sure that it is over. */
  wasOutageLately(): boolean;
};

/** For so long a pause that begins holds back at once; then the claims ask for it. In milliseconds. */
export const HELD_AT_ONCE_MS = 1_000;

const LATELY_MS = 120_000;

export function createGate(): Gate {
  let closedUntilMs = 0;
  let pausedUntilMs = 0;
  let outageUntilMs = Number.NEGATIVE_INFINITY;

  const close = (untilMs: number) => {
    closedUntilMs = Math.max(closedUntilMs, untilMs);
  };
  return {
    async pass(signal) {
      signal.throwIfAborted();
      for (;;) {
        const waitMs = closedUntilMs - performance.now();
        if (waitMs <= 0) return;
        await sleep(waitMs, undefined, { signal });
      }
    },
    close: (forMs) => close(performance.now() + forMs),
    pause(kind, forMs) {
      pausedUntilMs = Math.max(pausedUntilMs, performance.now() + forMs);
      if (kind === 'outage') outageUntilMs = performance.now() + forMs;
      close(pausedUntilMs);
    },
    isPaused: () => pausedUntilMs > performance.now(),
    wasOutageLately: () => outageUntilMs > performance.now() - LATELY_MS,
  };
}
