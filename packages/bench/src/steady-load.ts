import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const CONNECTIONS = 20;

/**
 * Gets one address again and again at a fixed rate, however long the answers take.
 *
 * @returns how long each answer took from the moment when its request was due, in milliseconds with decimals.
 * @throws if an answer isn't 200.
 */
export async function getSteadily(load: {
  url: string;
  path: string;
  headers: Record<string, string>;
  perSecond: number;
  seconds: number;
}): Promise<number[]> {
  const { url, path, headers, perSecond, seconds } = load;
  const pool = new Pool(url, { connections: CONNECTIONS });
  const startedAtMs = performance.now();
  const request = async (dueAtMs: number): Promise<number> => {
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    // A timer may be early by a part of a millisecond.
    const fromMs = Math.min(dueAtMs, performance.now());
    const answer = await pool.request({ method: 'GET', path, headers });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
    return performance.now() - fromMs;
  };
  try {
    return await Promise.all(
      Array.from({ length: perSecond * seconds }, (_, index) =>
        request(startedAtMs + (index * 1_000) / perSecond),
      ),
    );
  } finally {
    await pool.destroy();
  }
}
