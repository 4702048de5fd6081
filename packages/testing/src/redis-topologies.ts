import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findFreePort } from './free-port.ts';
import { startProcessGuard } from './process-guard.ts';
import { findRedisProgram, type RedisServer, startRedisServer } from './redis-server.ts';
import { startProcess } from './started-process.ts';

const SLOTS = 16_384;
const READY_TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** Several servers under one address, `redis+cluster://…` or `redis+sentinel://…`. */
export type RedisTopology = { url: string; stop(): Promise<void> };

/** Starts a cluster of three masters, each with a third of the slots. */
export async function startRedisCluster(): Promise<RedisTopology> {
  await using stack = new AsyncDisposableStack();
  const nodes: { client: Redis; port: number; busPort: number }[] = [];
  for (let number = 0; number < 3; number += 1) {
    const busPort = await findFreePort();
    const server = await startRedisServer({
      args: ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--databases', '1'],
    });
    stack.defer(() => server.stop());
    const client = new Redis(server.url, { maxRetriesPerRequest: 1 });
    stack.defer(() => client.disconnect());
    nodes.push({ client, port: portOf(server), busPort });
  }
  for (const [index, { client }] of nodes.entries()) {
    const from = Math.floor((index * SLOTS) / nodes.length);
    const to = Math.floor(((index + 1) * SLOTS) / nodes.length) - 1;
    await client.cluster('ADDSLOTSRANGE', from, to);
    for (const { port, busPort } of nodes.slice(0, index)) {
      await client.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
    }
  }
  for (const { client } of nodes) {
    await until(async () => (await client.cluster('INFO')).includes('cluster_state:ok'));
  }
  const started = stack.move();
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    stop: () => started.disposeAsync(),
  };
}

/** A master, its replica, and a Sentinel that watches them. */
export type WatchedRedis = RedisTopology & {
  /** Kills the master. Resolves when the Sentinel has made the replica the master. */
  failOver(): Promise<void>;
};

/** Starts a master with a replica and one Sentinel, which notices within a second when the master is gone. */
export async function startWatchedRedis(): Promise<WatchedRedis> {
  await using stack = new AsyncDisposableStack();
  const master = await startRedisServer();
  stack.defer(() => master.stop());
  const replica = await startRedisServer({ args: ['--replicaof', '127.0.0.1', String(portOf(master))] });
  stack.defer(() => replica.stop());
  const port = await startSentinel(portOf(master), stack);
  const sentinel = new Redis({ port, maxRetriesPerRequest: 1 });
  stack.defer(() => sentinel.disconnect());
  await until(async () => {
    const replicas = await sentinel.call('SENTINEL', 'REPLICAS', 'mymaster');
    return Array.isArray(replicas) && replicas.length === 1;
  });

  const started = stack.move();
  return {
    url: `redis+sentinel://127.0.0.1:${port}/mymaster`,
    async failOver() {
      await master.kill();
      await until(async () => {
        const address = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
        return Array.isArray(address) && Number(address[1]) === portOf(replica);
      });
    },
    stop: () => started.disposeAsync(),
  };
}

/** Returns the Sentinel's port. It keeps what it learns in its own configuration file. */
async function startSentinel(masterPort: number, stack: AsyncDisposableStack): Promise<number> {
  const program = await findRedisProgram();
  if (!program) throw new Error('Neither redis-server nor valkey-server is on the PATH');
  const folder = await mkdtemp(join(tmpdir(), 'replybell-sentinel-'));
  const guard = startProcessGuard({ signal: 'KILL', folder });
  stack.defer(() => guard.finish());
  const port = await findFreePort();
  const configuration = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds mymaster 500',
    'sentinel failover-timeout mymaster 3000',
  ];
  await writeFile(configuration, `${lines.join('\n')}\n`);
  const sentinel = await startProcess({
    name: 'Sentinel',
    command: program.command,
    args: [configuration, '--sentinel'],
    readyWhen: '+monitor master',
    guard,
  });
  stack.defer(async () => void (await sentinel.stop()));
  return port;
}

const portOf = ({ url }: RedisServer): number => Number(new URL(url).port);

async function until(holds: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`Not ready after ${READY_TIMEOUT_MS} ms: ${holds}`);
    await sleep(LOOK_EVERY_MS);
  }
}
