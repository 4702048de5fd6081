import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

/** How late a timer may come, in milliseconds. */
const TIMER_LATENESS_MS = 1;

/**
 * Waits for a moment of `performance.now()`. Timers know whole milliseconds only and come late, each time, at the cost of
 * the bot's pace: the last part of the wait passes turn by turn of the event loop. At least one turn passes, however late
 * it is: what has arrived meanwhile is read first, and may be that deliveries are paused.
 */
export async function waitUntil(atMs: number): Promise<void> {
  do {
    const waitMs = atMs - performance.now();
    if (waitMs > TIMER_LATENESS_MS) await sleep(waitMs - TIMER_LATENESS_MS);
    await setImmediate();
  } while (performance.now() < atMs);
}
