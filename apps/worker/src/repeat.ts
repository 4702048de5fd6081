import { setTimeout as sleep } from 'node:timers/promises';
import type { OutageLog } from '@replybell/logger';

export type Repeating = {
  /** Ends the rest that is under way, if one is. */
  wake(): void;
  /** Ends the repeating. Resolves when what was under way has ended. */
  stop(): Promise<void>;
};

/**
 * Does something again and again until it is stopped, one at a time. What fails is told, and tried again.
 *
 * @param work its signal aborts with `stop()`.
 * @param options.restMs how long to rest after a result, or after none if it failed, in milliseconds; about so long:
 *   processes that started together don't stay in step.
 */
export function repeat<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { restMs, outage }: { restMs: (result: Result | undefined) => number; outage: OutageLog },
): Repeating {
  const stopping = new AbortController();
  let waking = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      let result: Result | undefined;
      try {
        result = await work(stopping.signal);
        outage.recovered();
      } catch (error) {
        outage.failed(error);
      }
      await rest(restMs(result));
    }
  }

  function rest(aboutMs: number): Promise<void> {
    const ms = aboutMs * (0.75 + Math.random() / 2);
    const signal = AbortSignal.any([stopping.signal, waking.signal]);
    return sleep(ms, undefined, { signal }).catch(() => {});
  }

  const running = run();
  return {
    wake: () => waking.abort(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
