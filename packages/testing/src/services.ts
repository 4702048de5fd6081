import { Redis } from 'ioredis';
import { Client } from 'pg';
import {
  hasDockerEngine,
  type ServiceContainer,
  startPostgresContainer,
  startRedisContainer,
} from './container-services.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { findRedisProgram, startRedisServer } from './redis-server.ts';

type Service = {
  url: string;
  /** What it is and where it came from, for people: `Postgres 18.4 (embedded)`. */
  description: string;
  stop(): Promise<void>;
};

export type Services = {
  postgres: Service;
  /** `undefined` where no Redis can be had. */
  redis: Service | undefined;
  stop(): Promise<void>;
};

/**
 * Finds or starts Postgres and Redis, each from the first of these that is there: the server that `TEST_DATABASE_URL` or
 * `TEST_REDIS_URL` names, a Docker engine, programs on this machine.
 *
 * @throws if Postgres can't be had, or Redis neither and `REQUIRE_REDIS=1`.
 */
export async function startServices(): Promise<Services> {
  const { TEST_DATABASE_URL, TEST_REDIS_URL, REQUIRE_REDIS } = process.env;
  const docker = (!TEST_DATABASE_URL || !TEST_REDIS_URL) && (await hasDockerEngine());

  const postgres = TEST_DATABASE_URL
    ? await describePostgres(given(TEST_DATABASE_URL), 'TEST_DATABASE_URL')
    : ((docker ? await fromDocker(startPostgresContainer, describePostgres) : undefined) ??
      (await describePostgres(await startEmbeddedPostgres({ durable: false }), 'embedded')));
  try {
    const redis = TEST_REDIS_URL
      ? await describeRedis(given(TEST_REDIS_URL), 'TEST_REDIS_URL')
      : ((docker ? await fromDocker(startRedisContainer, describeRedis) : undefined) ?? (await localRedis()));
    if (!redis && REQUIRE_REDIS === '1') {
      throw new Error(
        'REQUIRE_REDIS=1, but there is no TEST_REDIS_URL, Docker engine, redis-server or valkey-server',
      );
    }
    return {
      postgres,
      redis,
      async stop() {
        await Promise.all([postgres.stop(), redis?.stop()]);
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** A server that isn't ours: it stays as it is. */
function given(url: string): ServiceContainer {
  return { url, stop: async () => undefined };
}

async function fromDocker(
  start: () => Promise<ServiceContainer>,
  describe: (server: ServiceContainer, source: string) => Promise<Service>,
): Promise<Service | undefined> {
  try {
    return await describe(await start(), 'Docker');
  } catch (error) {
    console.warn(`A Docker engine is there, but it could not start a container: ${error}`);
    return undefined;
  }
}

async function localRedis(): Promise<Service | undefined> {
  const program = await findRedisProgram();
  return program && describeRedis(await startRedisServer(), `${program.command} on this machine`);
}

async function describePostgres(server: ServiceContainer, source: string): Promise<Service> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  const version = rows[0]?.server_version.split(' ')[0];
  return { url: server.url, stop: server.stop, description: `Postgres ${version} (${source})` };
}

async function describeRedis(server: ServiceContainer, source: string): Promise<Service> {
  const redis = new Redis(server.url, { maxRetriesPerRequest: 1 });
  const info = await redis.info('server').finally(() => redis.disconnect());
  const [, name = 'Redis', version] =
    info.match(/(Valkey)_version:(\S+)/i) ?? info.match(/(Redis)_version:(\S+)/i) ?? [];
  const kind = name.toLowerCase() === 'valkey' ? 'Valkey' : 'Redis';
  return { url: server.url, stop: server.stop, description: `${kind} ${version} (${source})` };
}
