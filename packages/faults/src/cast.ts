import type { EmbeddedPostgres, RedisServer, StartedProcess } from '@replybell/testing';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { TestContext } from 'vitest';
import { openScene, type Queue, type Scene } from './scene.ts';
import { startPostgres, startRedis } from './servers.ts';

/** A scene with everything that ordeals harm: servers of its own, an API, two workers. */
export type Cast = {
  scene: Scene;
  postgres: EmbeddedPostgres;
  /** Not there with the queue on Postgres. */
  redis: RedisServer | undefined;
  api: StartedProcess;
  workers: StartedProcess[];
  /** Sends that were under way when their worker was killed or frozen: each may come to be unknown. */
  exposed: number;
};

export async function openCast(test: TestContext, queue: Queue): Promise<Cast> {
  const postgres = await startPostgres(test);
  const redis = queue === 'redis' ? await startRedis(test) : undefined;
  const scene = await openScene(test, {
    queue,
    databaseUrl: postgres.url,
    ...(redis && { redisUrl: redis.url }),
    // On a busy machine an answer may take its time without anybody having cut it off.
    env: { TELEGRAM_TIMEOUT_MS: '2000' },
    // As busy, a burst that was under way when Telegram throttled may take a second to arrive; row 14 is the strict one.
    simulator: { SIMULATOR_GRACE_MS: '1000' },
  });
  const [api, ...workers] = await Promise.all([scene.startApi(), scene.startWorker(), scene.startWorker()]);
  return { scene, postgres, redis, api, workers, exposed: 0 };
}

/** Notes that the sends that are under way now may be cut off. */
export async function expose(cast: Cast): Promise<void> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from notifications where status = 'sending'`.execute(cast.scene.db);
  cast.exposed += rows[0]?.count ?? 0;
}

export async function wipeRedis({ url }: RedisServer): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}
