import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseAway } from '@replybell/database';
import { errorMessage } from './error-message.ts';

const RETRY_MS = 500;

/**
 * Does something with Postgres, again and again while Postgres is away: it may be starting beside us.
 *
 * @param options.timeoutMs after which its last error is thrown. Any other error is thrown at once.
 * @param options.onWait hears, once, why there is something to wait for.
 */
export async function waitForPostgres<Result>(
  work: () => Promise<Result>,
  { timeoutMs, onWait }: { timeoutMs: number; onWait: (reason: string) => void },
): Promise<Result> {
  const untilMs = performance.now() + timeoutMs;
  for (let first = true; ; first = false) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() > untilMs) throw error;
      if (first) onWait(errorMessage(error));
      await sleep(RETRY_MS);
    }
  }
}
