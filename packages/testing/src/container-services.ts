import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { redisDatabases } from './redis-server.ts';

export type ServiceContainer = { url: string; stop(): Promise<void> };

/**
 * Whether a Docker engine answers. Looks for its sockets first, as loading testcontainers takes most of a second.
 */
export async function hasDockerEngine(): Promise<boolean> {
  const { DOCKER_HOST, XDG_RUNTIME_DIR = '' } = process.env;
  const traces = [
    '/var/run/docker.sock',
    join(XDG_RUNTIME_DIR, 'docker.sock'),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    join(homedir(), '.testcontainers.properties'),
  ];
  if (DOCKER_HOST === undefined && !traces.some((path) => existsSync(path))) return false;
  const { getContainerRuntimeClient } = await import('testcontainers');
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

/** Postgres as a container that testcontainers removes when this process is gone. */
export async function startPostgresContainer(): Promise<ServiceContainer> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const settings = ['max_connections=300', 'fsync=off', 'full_page_writes=off', 'autovacuum_naptime=10min'];
  const container = await new GenericContainer('postgres:18')
    .withEnvironment({ POSTGRES_PASSWORD: 'test' })
    .withCommand(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    .withExposedPorts(5432)
    // In memory, where copying a database is fast (see embedded-postgres.ts).
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    // While the image initialises its data, its server listens on a Unix socket only: ask over TCP.
    .withHealthCheck({
      test: ['CMD', 'pg_isready', '--host', '127.0.0.1', '--username', 'postgres'],
      interval: 250,
      timeout: 2000,
      retries: 240,
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  return {
    url: `postgres://postgres:test@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    stop: async () => void (await container.stop()),
  };
}

/** Redis as a container that testcontainers removes when this process is gone. */
export async function startRedisContainer(): Promise<ServiceContainer> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('redis:8')
    .withCommand(['redis-server', '--save', '', '--databases', String(redisDatabases)])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    stop: async () => void (await container.stop()),
  };
}
