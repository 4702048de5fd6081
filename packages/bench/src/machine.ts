import { arch, availableParallelism, cpus, totalmem, type } from 'node:os';
import { findRedisProgram } from '@replybell/testing';

/** What the figures were measured on, in one line. */
export async function describeMachine(): Promise<string> {
  const redis = await findRedisProgram();
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  return [
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${memoryGb} GiB`,
    `${type()} ${arch()}`,
    `Node ${process.versions.node}`,
    redis ? `${redis.command} ${redis.version}` : 'no Redis',
    'Postgres embedded, durable',
  ].join(' · ');
}
