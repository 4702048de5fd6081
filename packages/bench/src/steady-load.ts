import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { SteadyLoad, SteadyLoadResult } from './steady-load-process.ts';

export type Asker = AsyncDisposable & {
  /**
   * Gets one address again and again at a fixed rate, however long the answers take.
   *
   * @returns how long each answer took from the moment when its request was due, in milliseconds with decimals.
   * @throws if an answer isn't 200.
   */
  getSteadily(load: SteadyLoad): Promise<number[]>;
};

/**
 * Starts a process that asks and does nothing else: whatever held it up would count as the answers' time. It is kept
 * from load to load, as it is slow itself while it is new.
 */
export function openAsker(): Asker {
  const child = fork(new URL('./steady-load-process.ts', import.meta.url));
  const exited = once(child, 'exit');
  return {
    async getSteadily(load) {
      child.send(load);
      const [result] = (await Promise.race([once(child, 'message'), exited.then(() => [])])) as [
        SteadyLoadResult?,
      ];
      if (!result || 'problem' in result)
        throw new Error(result?.problem ?? 'The process that asks has ended');
      return result.tookMs;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
