import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRedisProgram, openTunnel } from '@replybell/testing';
import { Redis } from 'ioredis';
import { describe, expect, type TestContext, test } from 'vitest';
import {
  conclude,
  openScene,
  quantileMs,
  replyMany,
  type Scene,
  startLoad,
  startRedis,
  untilSettled,
} from '../src/index.ts';

const hasRedis = (await findRedisProgram()) !== undefined;

describe.skipIf(!hasRedis)('Redis', () => {
  test('Redis killed and empty again, under load', async (context) => {
    const { scene, redis } = await openOnRedis(context);
    await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 40);
    await redis.kill();
    await load.answered(201, 80);
    await redis.restart();
    const from = performance.now();
    await load.answered(201, 40);
    await load.stop();
    await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    await conclude(scene, { row: 7, recoveryMs: performance.now() - from, duplicates: 0 });
  });

  test('Redis wiped with 1,000 waiting', async (context) => {
    const { scene, client } = await openOnRedis(context);
    await scene.startApi();
    await replyMany(scene, 1_000);
    await Promise.all([scene.startWorker(), scene.startWorker()]);
    await scene.telegram.waitForMessages(100, { timeoutMs: 60_000 });
    await client.flushall();
    const recoveryMs = await untilSettled(scene);
    await conclude(scene, { row: 7, recoveryMs, duplicates: 0 });
  });

  test('Redis evicted jobs, and the list of those that wait', async (context) => {
    const { scene, client } = await openOnRedis(context);
    await scene.startApi();
    await replyMany(scene, 500);
    const jobs = await client.keys('*:n-*');
    const [list] = await client.keys('*:wait');
    await client.del(...jobs.filter((_, index) => index % 2 === 0), list ?? 'none');
    const before = performance.now();
    await Promise.all([scene.startWorker(), scene.startWorker()]);
    await untilSettled(scene);
    await conclude(scene, { row: 7, recoveryMs: performance.now() - before, duplicates: 0 });
  });

  test('Redis away for 20 s', async (context) => {
    const { scene, redis } = await openOnRedis(context);
    await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 20 });
    await load.answered(201, 100);
    const before = load.answers.slice(20);

    await redis.kill();
    const since = load.answers.length;
    await load.answered(201, 400);
    const meanwhile = load.answers.slice(since);
    await redis.restart();
    const from = performance.now();
    await load.stop();
    await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    // Their usual time; the tenth of a second allows for the other tests on this machine.
    expect(quantileMs(meanwhile, 0.5)).toBeLessThan(quantileMs(before, 0.5) * 2 + 100);
    await conclude(scene, { row: 8, recoveryMs: performance.now() - from, duplicates: 0 });
  });

  test.for(refusals)('Redis $name, refusing writes', async ({ begin, end }, context) => {
    const { scene, client } = await openOnRedis(context);
    await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 40);
    await begin(client);
    await expect(client.set('refused', 'yes')).rejects.toThrow(/^(OOM|MISCONF|READONLY)/);
    await load.answered(201, 200);
    await end(client);
    const from = performance.now();
    await load.answered(201, 40);
    await load.stop();
    await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    await conclude(scene, { row: 9, recoveryMs: performance.now() - from, duplicates: 0 });
  });

  test('the connections to Redis are dead, and nobody says so', async (context) => {
    const redis = await startRedis(context);
    const tunnel = await openTunnel(redis.url);
    context.onTestFinished(() => tunnel.close());
    const scene = await openScene(context, { redisUrl: tunnel.url });
    await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 20 });
    await load.answered(201, 20);
    tunnel.forgetConnections();
    const from = performance.now();
    await load.answered(201, 40);
    await load.stop();
    await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    await conclude(scene, { row: 29, recoveryMs: performance.now() - from, duplicates: 0 });
  });

  test('Redis stalled for 5 s, twice', async (context) => {
    const { scene, client } = await openOnRedis(context);
    await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 40);
    for (const pauseMs of [1_000, 0]) {
      await client.call('DEBUG', 'SLEEP', '5');
      await sleep(pauseMs);
    }
    const from = performance.now();
    await load.stop();
    await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    await conclude(scene, { row: 9, recoveryMs: performance.now() - from, duplicates: 0 });
  });
});

/** Why Redis refuses writes, and lives. */
type Refusal = { name: string; begin(client: Redis): Promise<unknown>; end(client: Redis): Promise<unknown> };

const refusals: Refusal[] = [
  {
    name: 'out of memory',
    begin: (client) => client.config('SET', 'maxmemory', 1),
    end: (client) => client.config('SET', 'maxmemory', 0),
  },
  {
    name: 'after a failed snapshot (full disk)',
    async begin(client) {
      await client.config('SET', 'save', '3600 1');
      await mkdir(await snapshotFile(client));
      await saveSnapshot(client, 'err');
    },
    async end(client) {
      await rmdir(await snapshotFile(client));
      await saveSnapshot(client, 'ok');
    },
  },
  {
    name: 'a replica, after a failover',
    // Of a server that isn't there: it keeps what it has.
    begin: (client) => client.replicaof('127.0.0.1', 1),
    end: (client) => client.replicaof('NO', 'ONE'),
  },
];

async function snapshotFile(client: Redis): Promise<string> {
  const [[, folder], [, name]] = (await Promise.all([
    client.config('GET', 'dir'),
    client.config('GET', 'dbfilename'),
  ])) as [[string, string], [string, string]];
  return join(folder, name);
}

/** Redis notes how it went: until one succeeds it takes no writes. */
async function saveSnapshot(client: Redis, status: 'ok' | 'err'): Promise<void> {
  await client.bgsave();
  while (!(await client.info('persistence')).includes(`rdb_last_bgsave_status:${status}`)) await sleep(50);
}

type OnRedis = { scene: Scene; redis: Awaited<ReturnType<typeof startRedis>>; client: Redis };

/** A scene on a Redis of its own, and a client that gives orders to it. */
async function openOnRedis(context: TestContext): Promise<OnRedis> {
  const redis = await startRedis(context, ['--enable-debug-command', 'yes']);
  const scene = await openScene(context, { redisUrl: redis.url });
  const client = new Redis(redis.url);
  client.on('error', () => undefined);
  context.onTestFinished(() => client.disconnect());
  return { scene, redis, client };
}
