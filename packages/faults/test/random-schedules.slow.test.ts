import { setTimeout as sleep } from 'node:timers/promises';
import { findRedisProgram } from '@replybell/testing';
import { expect, test } from 'vitest';
import {
  type Cast,
  conclude,
  createRandom,
  openCast,
  ordealsOfServers,
  ordealsOfTelegram,
  type Queue,
  type Random,
  startLoad,
  untilSettled,
} from '../src/index.ts';

const { FAULTS_SEED, FAULTS_SCHEDULES = '20' } = process.env;

/** `FAULTS_SEED` replays one schedule; otherwise each run has its own. */
const seeds =
  FAULTS_SEED !== undefined
    ? [Number(FAULTS_SEED)]
    : Array.from({ length: Number(FAULTS_SCHEDULES) }, () => Math.floor(Math.random() * 1_000_000));

const hasRedis = (await findRedisProgram()) !== undefined;

type Ordeals = Record<string, (cast: Cast, random: Random) => Promise<void>>;

/** What happens under a seed: to servers and processes, and at the same time at Telegram, 3 to 6 ordeals in all. */
function plan(seed: number) {
  const random = createRandom(seed);
  const queue = random.pick<Queue>(hasRedis ? ['redis', 'redis', 'postgres'] : ['postgres']);
  const ofServers = Object.keys(ordealsOfServers).filter(
    (name) => queue === 'redis' || !name.startsWith('Redis'),
  );
  const take = (count: number, names: string[]) => Array.from({ length: count }, () => random.pick(names));
  return {
    queue,
    ofServers: take(random.integer(2, 3), ofServers),
    ofTelegram: take(random.integer(1, 3), Object.keys(ordealsOfTelegram)),
  };
}

test.for(seeds)('random schedule FAULTS_SEED=%i', async (seed, context) => {
  const { queue, ofServers, ofTelegram } = plan(seed);
  console.log(`FAULTS_SEED=${seed} (${queue}): ${ofServers.join(', ')}; meanwhile ${ofTelegram.join(', ')}`);
  const cast = await openCast(context, queue);
  const { scene } = cast;
  const load = await startLoad(scene, { perSecond: 25 });
  await load.answered(201, 20);
  await Promise.all([
    suffer(cast, createRandom(seed + 1), ordealsOfServers, ofServers),
    suffer(cast, createRandom(seed + 2), ordealsOfTelegram, ofTelegram),
  ]);
  const from = performance.now();
  await scene.telegram.clearFaults();
  await load.answered(201, 20);
  await load.stop();
  await untilSettled(scene);
  const recoveryMs = performance.now() - from;
  expect(load.answers.filter(({ status }) => ![0, 201, 503].includes(status))).toEqual([]);
  await conclude(scene, {
    row: 25,
    recoveryMs,
    exposed: cast.exposed,
    // After a third unknown outcome it waits for an operator.
    excused: (fate) => fate.status === 'unknown' && fate.unknown === 3,
  });
});

/** One ordeal after the other, with some time between them that is too short to recover. */
async function suffer(cast: Cast, random: Random, ordeals: Ordeals, names: string[]): Promise<void> {
  for (const name of names) {
    await ordeals[name]?.(cast, random);
    await sleep(random.integer(0, 1_500));
  }
}
