import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultEffect } from '@replybell/simulator';
import type { StartedProcess } from '@replybell/testing';
import { type Cast, expose, wipeRedis } from './cast.ts';
import type { Random } from './random.ts';
import { endSessions, freezeTree } from './servers.ts';

/** Something bad that happens, and is over when it resolves. */
type Ordeal = (cast: Cast, random: Random) => Promise<void>;

const serverError: FaultEffect = { kind: 'answer', errorCode: 500, description: 'Internal Server Error' };
const throttled: Fault = {
  kind: 'answer',
  errorCode: 429,
  description: 'Too Many Requests: retry after 2',
  retryAfterSeconds: 2,
  times: 1,
};

/** What happens to processes and servers, one after the other. */
export const ordealsOfServers = {
  'worker killed': async (cast) => {
    await takeWorker(cast).kill();
    await expose(cast);
    await addWorker(cast);
  },
  'worker stopped in good order': async (cast) => {
    await takeWorker(cast).stop();
    await addWorker(cast);
  },
  'worker frozen past its lease': async (cast) => {
    const thaw = freezeTree(cast.scene.test, cast.workers[0]?.pid ?? 0);
    await expose(cast);
    await sleep(10_000);
    thaw();
  },
  'API killed': async (cast) => {
    await cast.api.kill();
    cast.api = await cast.scene.startApi();
  },
  'Postgres killed': async ({ postgres }, random) => {
    await postgres.kill();
    await sleep(random.integer(0, 2_000));
    await postgres.restart();
  },
  'sessions of Postgres ended': async ({ scene }, random) => {
    for (let times = random.integer(1, 10); times > 0; times -= 1) {
      await endSessions(scene.db);
      await sleep(200);
    }
  },
  'Redis killed': async ({ redis }, random) => {
    await redis?.kill();
    await sleep(random.integer(0, 4_000));
    await redis?.restart();
  },
  'Redis wiped': async ({ redis }) => {
    if (redis) await wipeRedis(redis);
  },
  // Here, since without Postgres no worker can tell the others of it within a tenth of a second.
  'Telegram throttles': async ({ scene }) => {
    await scene.telegram.addFault(throttled);
    await sleep(1_000);
  },
} as const satisfies Record<string, Ordeal>;

/** What Telegram does, also at the same time. */
export const ordealsOfTelegram = {
  'Telegram answers 500': (cast, random) => during(cast, random, serverError),
  'Telegram answers by HTML': (cast, random) => during(cast, random, { kind: 'html502' }),
  'connections reset': (cast, random) => during(cast, random, { kind: 'reset', probability: 0.3 }),
  'answers lost': (cast, random) => during(cast, random, { kind: 'accepted-then-reset', probability: 0.3 }),
  'answers cut': (cast, random) =>
    during(cast, random, { kind: 'accepted-then-truncated', probability: 0.3 }),
  'no answers': (cast, random) => during(cast, random, { kind: 'hang', probability: 0.3 }),
  'token revoked': (cast, random) => during(cast, random, { kind: 'revoked' }),
  'Telegram slow': async ({ scene }, random) => {
    await scene.telegram.setLatency({ latencyMs: 200, jitterMs: 400 });
    await sleep(random.integer(1_000, 3_000));
    await scene.telegram.setLatency({});
  },
} as const satisfies Record<string, Ordeal>;

async function during({ scene }: Cast, random: Random, fault: Fault): Promise<void> {
  const { id } = await scene.telegram.addFault(fault);
  await sleep(random.integer(1_000, 3_000));
  await scene.telegram.removeFault(id).catch(() => undefined);
}

/** The worker that has run longest leaves the cast. */
function takeWorker({ workers }: Cast): StartedProcess {
  const worker = workers.shift();
  if (!worker) throw new Error('No worker is left');
  return worker;
}

async function addWorker({ scene, workers }: Cast): Promise<void> {
  workers.push(await scene.startWorker());
}
