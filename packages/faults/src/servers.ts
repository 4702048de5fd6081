import { execFileSync } from 'node:child_process';
import { type Db, migrateToLatest } from '@replybell/database';
import { migrateQueue } from '@replybell/queue';
import {
  type EmbeddedPostgres,
  type RedisServer,
  startEmbeddedPostgres,
  startRedisServer,
} from '@replybell/testing';
import { sql } from 'kysely';
import type { TestContext } from 'vitest';

/** A migrated Postgres of the test's own, to kill and to freeze. */
export async function startPostgres(test: TestContext): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ durable: false });
  test.onTestFinished(() => postgres.stop());
  await migrateToLatest(postgres.url);
  await migrateQueue(postgres.url);
  return postgres;
}

/** A Redis of the test's own. It has nothing on disk: what is restarted is empty. */
export async function startRedis(test: TestContext, args: string[] = []): Promise<RedisServer> {
  const redis = await startRedisServer({ args });
  test.onTestFinished(() => redis.stop());
  return redis;
}

/** Ends every session of the database but those of the tests themselves, and tells how many there were. */
export async function endSessions(db: Db): Promise<number> {
  const { rows } = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name <> 'faults'`.execute(db);
  return rows.length;
}

/**
 * Stops a process and its children where they stand (SIGSTOP); they are thawed with the test at the latest.
 *
 * @returns a function that thaws them.
 */
export function freezeTree(test: TestContext, pid: number): () => void {
  // The parent first: it then starts no more children.
  process.kill(pid, 'SIGSTOP');
  const frozen = [pid, ...childrenOf(pid)];
  for (const child of frozen.slice(1)) process.kill(child, 'SIGSTOP');
  const thaw = () => {
    for (const each of frozen.splice(0)) process.kill(each, 'SIGCONT');
  };
  test.onTestFinished(thaw);
  return thaw;
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}
