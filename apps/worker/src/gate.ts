import { setTimeout as sleep } from 'node:timers/promises';

/** Holds back jobs while nothing may be claimed, so that they wait in one place and not in the queue's delayed set. */
export type Gate = {
  /** Waits while the gate is closed. Rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void>;
  /** Closes for so long, or longer if it is closed already. */
  close(forMs: number): void;
  /** Closes, and says that sends that have their slot already must not begin either. */
  pause(forMs: number): void;
  /** Opens at once. */
  open(): void;
  isPaused(): boolean;
  /** Whether a pause is in force or ended less than two minutes ago. */
  wasPausedLately(): boolean;
};

const LATELY_MS = 120_000;

export function createGate(): Gate {
  let closedUntilMs = 0;
  let pausedUntilMs = 0;
  let lastPausedAtMs = Number.NEGATIVE_INFINITY;
  let changed = new AbortController();

  const close = (untilMs: number) => {
    closedUntilMs = Math.max(closedUntilMs, untilMs);
  };
  return {
    async pass(signal) {
      signal.throwIfAborted();
      for (;;) {
        const waitMs = closedUntilMs - performance.now();
        if (waitMs <= 0) return;
        const either = AbortSignal.any([signal, changed.signal]);
        await sleep(waitMs, undefined, { signal: either }).catch(() => signal.throwIfAborted());
      }
    },
    close: (forMs) => close(performance.now() + forMs),
    pause(forMs) {
      pausedUntilMs = Math.max(pausedUntilMs, performance.now() + forMs);
      lastPausedAtMs = pausedUntilMs;
      close(pausedUntilMs);
    },
    open() {
      closedUntilMs = 0;
      pausedUntilMs = 0;
      changed.abort();
      changed = new AbortController();
    },
    isPaused: () => pausedUntilMs > performance.now(),
    wasPausedLately: () => lastPausedAtMs > performance.now() - LATELY_MS,
  };
}
