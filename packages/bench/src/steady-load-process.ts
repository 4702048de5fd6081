import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

export type SteadyLoad = {
  url: string;
  path: string;
  headers: Record<string, string>;
  perSecond: number;
  seconds: number;
};

export type SteadyLoadResult = { tookMs: number[] } | { problem: string };

const CONNECTIONS = 20;
/** Answers are read and not kept. In bytes, more than any answer has. */
const READ_AT_MOST = 100_000_000;

async function getSteadily({ url, path, headers, perSecond, seconds }: SteadyLoad): Promise<number[]> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const get = async (dueAtMs: number): Promise<number> => {
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
    await body.dump({ limit: READ_AT_MOST });
    if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`);
    return performance.now() - dueAtMs;
  };
  const startedAtMs = performance.now();
  const answers: Promise<number>[] = [];
  while (answers.length < perSecond * seconds) {
    const dueAtMs = startedAtMs + (answers.length * 1_000) / perSecond;
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    // A timer may be early by a part of a millisecond.
    const answer = get(Math.min(dueAtMs, performance.now()));
    // One that fails is told of at the end.
    answer.catch(() => {});
    answers.push(answer);
  }
  try {
    return await Promise.all(answers);
  } finally {
    await pool.destroy();
  }
}

const [load] = (await once(process, 'message')) as [SteadyLoad];
const result: SteadyLoadResult = await getSteadily(load).then(
  (tookMs) => ({ tookMs }),
  (error) => ({ problem: String(error) }),
);
process.send?.(result);
