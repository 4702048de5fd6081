import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs, unixSeconds } from './clock.ts';
import type { Update, UpdateQueue } from './updates.ts';

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

export type Webhook = {
  /** Pushes updates to `url` from now on; `secretToken` travels in Telegram's header. Null stops pushing. */
  set(target: { url: string; secretToken: string } | null): void;
  /** The address, or null when updates are polled. */
  readonly url: string | null;
  /** The last push that failed. */
  readonly lastError: { date: number; message: string } | null;
  close(): void;
};

/** Pushes the queue's updates in their order, one at a time; one that isn't answered 2xx is pushed again. */
export function createWebhook(queue: UpdateQueue): Webhook {
  let url: string | null = null;
  let lastError: { date: number; message: string } | null = null;
  let running = new AbortController();

  async function deliver(target: { url: string; secretToken: string }, signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      await queue.arrival(0, signal);
      const [update] = queue.peek(0, 1);
      if (signal.aborted || update === undefined) continue;
      const failure = await push(target, update, signal);
      if (signal.aborted) return;
      if (failure === null) {
        queue.confirm(update.update_id + 1);
        retryMs = FIRST_RETRY_MS;
        continue;
      }
      lastError = { date: unixSeconds(nowMs()), message: failure };
      await sleep(retryMs, null, { signal }).catch((aborted: unknown) => aborted);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  return {
    set(target) {
      running.abort();
      running = new AbortController();
      url = target?.url ?? null;
      lastError = null;
      if (target !== null) void deliver(target, running.signal);
    },
    get url() {
      return url;
    },
    get lastError() {
      return lastError;
    },
    close: () => running.abort(),
  };
}

/** Posts one update. Returns why it failed, null when it was taken. */
async function push(
  { url, secretToken }: { url: string; secretToken: string },
  update: Update,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secretToken === '' ? {} : { 'x-telegram-bot-api-secret-token': secretToken }),
      },
      body: JSON.stringify(update),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.ok ? null : `Wrong response from the webhook: ${response.status} ${response.statusText}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
