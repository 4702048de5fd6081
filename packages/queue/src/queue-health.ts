import { setTimeout as sleep } from 'node:timers/promises';
import type { NotificationQueue } from './backend.ts';

export type QueueHealth =
  | {
      ok: true;
      paused: boolean;
      /** Jobs by state. */
      counts: Record<string, number>;
      /** Worker processes that are connected. */
      workers: number;
    }
  | { ok: false; problem: string };

/** Asks the queue how it is, for at most `timeoutMs` milliseconds. */
export async function queueHealth(queue: NotificationQueue, timeoutMs = 1_500): Promise<QueueHealth> {
  const aborted = new AbortController();
  const tooLate = sleep(timeoutMs, undefined, { signal: aborted.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
  try {
    const answers = Promise.all([queue.isPaused(), queue.getJobCounts(), queue.getWorkersCount()]);
    const [paused, counts, workers] = await Promise.race([answers, tooLate]);
    return { ok: true, paused, counts, workers };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    aborted.abort();
    tooLate.catch(() => {});
  }
}
