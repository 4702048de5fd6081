import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { SteadyLoad, SteadyLoadResult } from './steady-load-process.ts';

/**
 * Gets one address again and again at a fixed rate, however long the answers take: from a process of its own, as whatever
 * else held up the asking process would count as the answers' time.
 *
 * @returns how long each answer took from the moment when its request was due, in milliseconds with decimals.
 * @throws if an answer isn't 200.
 */
export async function getSteadily(load: SteadyLoad): Promise<number[]> {
  const child = fork(new URL('./steady-load-process.ts', import.meta.url));
  const ended = once(child, 'exit');
  child.send(load);
  const [result] = (await Promise.race([once(child, 'message'), ended.then(() => [])])) as [
    SteadyLoadResult?,
  ];
  if (child.connected) child.disconnect();
  await ended;
  if (!result || 'problem' in result)
    throw new Error(result?.problem ?? 'The process that asks ended too early');
  return result.tookMs;
}
