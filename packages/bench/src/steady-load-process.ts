import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';

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

const agent = new Agent({ connections: CONNECTIONS });

async function getSteadily(load: SteadyLoad): Promise<number[]> {
  const { url, path, headers, perSecond, seconds } = load;
  const get = async (dueAtMs: number): Promise<number> => {
    const { statusCode, body } = await agent.request({ origin: url, path, method: 'GET', headers });
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
  return Promise.all(answers);
}

process.on('message', async (load) => {
  const result: SteadyLoadResult = await getSteadily(load as SteadyLoad).then(
    (tookMs) => ({ tookMs }),
    (error) => ({ problem: String(error) }),
  );
  process.send?.(result);
});
process.on('disconnect', () => void agent.destroy());
