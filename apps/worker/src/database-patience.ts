import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isStorageUnavailable } from '@replybell/database';

/** Repeats a statement while Postgres is away, or others are in its way. */
export type Persist = <Result>(statement: () => Promise<Result>) => Promise<Result>;

export type Patience = {
  /** Ends the waiting: the process is about to exit. */
  signal: AbortSignal;
  /** Told once for each call that has to wait for Postgres. */
  onWait: (error: unknown) => void;
  /** Told once for each call that others are still in the way of after a second. */
  onHeldUp?: (error: unknown) => void;
};

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;
const HELD_UP_MS = 1_000;

/**
 * Runs a statement, and again while Postgres is away: an outage must neither fail a job nor lose an answer of
 * Telegram's. Other errors are thrown at once.
 *
 * @throws the last error when the signal ends the waiting.
 */
export async function whileDatabaseIsAway<Result>(
  run: () => Promise<Result>,
  { signal, onWait, onHeldUp }: Patience,
): Promise<Result> {
  const beganAtMs = performance.now();
  const told = { away: false, heldUp: false };
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      const isAway = isStorageUnavailable(error);
      if (!(isAway || isConflict(error)) || signal.aborted) throw error;
      if (isAway && !told.away) {
        told.away = true;
        onWait(error);
      }
      if (!isAway && !told.heldUp && performance.now() - beganAtMs > HELD_UP_MS) {
        told.heldUp = true;
        onHeldUp?.(error);
      }
      await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
        throw error;
      });
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    }
  }
}
