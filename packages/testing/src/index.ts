export {
  type Environment,
  type StartedServer,
  startApi,
  startEntry,
  startSimulator,
  startWorker,
} from './apps.ts';
export { claimOptions } from './claim-options.ts';
export { countWaiting } from './count-waiting.ts';
export type { TestDatabase } from './database-template.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
export { findFreePort } from './free-port.ts';
export { findRedisProgram, type RedisServer, startRedisServer } from './redis-server.ts';
export { startRedisCluster, startWatchedRedis } from './redis-topologies.ts';
export { type LogLine, type StartedProcess, startProcess } from './started-process.ts';
export {
  anyBackend,
  createTestDatabase,
  createTestRedis,
  describeEachBackend,
  hasTestRedis,
  type QueueBackend,
  type QueueServices,
  useTestDatabase,
} from './test-services.ts';
export { openTunnel } from './tunnel.ts';
