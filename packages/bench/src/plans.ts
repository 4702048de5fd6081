import { columnTypes, type Database, type Db, PreparingClient } from '@replybell/database';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

/** A statement as Postgres ran it. */
export type Plan = {
  tookMs: number;
  /** As EXPLAIN (ANALYZE, BUFFERS) shows it. */
  text: string;
};

/** The first runs read from disk what the later ones find in memory. */
const RUNS = 3;

const settings = {
  // As the worker has it.
  plan_cache_mode: 'force_generic_plan',
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_level': 'notice',
};

/**
 * Runs statements as the programs do, prepared by the same client, and tells how Postgres went about them.
 *
 * @param databaseUrl of a superuser.
 * @param run what is explained; it runs several times.
 * @returns the plans of its last run, one for each statement.
 */
export async function explain(databaseUrl: string, run: (db: Db) => Promise<unknown>): Promise<Plan[]> {
  let plans: Plan[] = [];
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: databaseUrl,
    max: 1,
    options: options.join(' '),
    types: columnTypes,
  });
  pool.on('connect', (client) => {
    client.on('notice', ({ message }) => {
      const plan = readPlan(message ?? '');
      if (plan) plans.push(plan);
    });
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  try {
    for (let number = 1; number <= RUNS; number += 1) {
      plans = [];
      await run(db);
    }
    return plans;
  } finally {
    await db.destroy();
  }
}

/** `duration: 0.171 ms  plan:`, the statement, and its plan, whose first line begins with a node and its cost. */
function readPlan(notice: string): Plan | undefined {
  const match = /^duration: (\S+) ms {2}plan:\nQuery Text: [\s\S]*?\n(\S.*\(cost=[\s\S]*)$/.exec(notice);
  return match?.[2] === undefined ? undefined : { tookMs: Number(match[1]), text: match[2] };
}

/** @throws if a statement reads all of the notifications, or doesn't use `index` (any, if empty). */
export function requireIndex(name: string, { text }: Plan, index: string): void {
  if (!text.includes(index) || (index !== '' && /Seq Scan on notifications\b/.test(text))) {
    throw new Error(`${name} is not on its index ${index}:\n${text}`);
  }
}
