import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseAway } from '@replybell/database';

const LOOK_EVERY_MS = 50;

/**
 * Waits for a condition of another process, which can only be asked for. While Postgres is away it doesn't hold.
 *
 * @param describe what the error shows of the state in which the waiting ended.
 * @returns what the condition returned that is neither false nor undefined.
 * @throws after `timeoutMs` (90,000).
 */
export async function until<Value>(
  what: string,
  condition: () => Promise<Value | false | undefined>,
  { timeoutMs = 90_000, describe }: { timeoutMs?: number; describe?: () => Promise<unknown> } = {},
): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
    }
    if (performance.now() > deadlineMs) {
      const state = describe ? `: ${JSON.stringify(await describe())}` : '';
      throw new Error(`Waited ${timeoutMs} ms until ${what}${state}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
