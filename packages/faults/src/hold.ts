import { sql } from 'kysely';
import pg from 'pg';
import type { Scene } from './scene.ts';
import { until } from './until.ts';

/**
 * The moments at which a process can be held, so that it is killed exactly there. Postgres does the holding, by a
 * trigger that waits before the statement commits; the code that is tested knows nothing of it.
 */
const points = {
  /** A worker claims. */
  claim: { id: 1, table: 'notifications', event: 'update', when: "new.status = 'sending'" },
  /** A worker writes that a message was sent. */
  settle: { id: 2, table: 'notifications', event: 'update', when: "new.status = 'sent'" },
  /** The API stores a reply. */
  reply: { id: 3, table: 'support_messages', event: 'insert', when: "new.author = 'admin'" },
} as const;

export type Hold = {
  /** Resolves when a statement waits. Postgres carries it out even if its process is dead by then. */
  reached(): Promise<void>;
  /** Lets the statements that wait commit, and resolves when they have. */
  release(): Promise<void>;
  /** Ends the statements that wait and their sessions: nothing of them was. */
  undo(): Promise<void>;
};

/** Names our advisory locks among those of others. */
const LOCK_CLASS = 7_355_608;

/** Holds every statement that reaches the point, from now on. At most for the eight seconds that statements may take. */
export async function hold({ db, databaseUrl, test }: Scene, at: keyof typeof points): Promise<Hold> {
  const { id, table, event, when } = points[at];
  await sql`
    create or replace function hold() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${sql.lit(LOCK_CLASS)}, tg_argv[0]::integer);
      return null;
    end $$`.execute(db);
  const trigger = sql.ref(`hold_${at}`);
  await sql`
    create or replace trigger ${trigger} after ${sql.raw(event)} on ${sql.table(table)}
    for each row when (${sql.raw(when)}) execute function hold(${sql.lit(id)})`.execute(db);

  const holder = new pg.Client({ connectionString: databaseUrl, application_name: 'faults' });
  await holder.connect();
  test.onTestFinished(() => holder.end());
  const lock = [LOCK_CLASS, id];
  await holder.query('select pg_advisory_lock($1, $2)', lock);

  const sessionsThatWait = async (): Promise<number[]> => {
    const { rows } = await sql<{ pid: number }>`
      select pid from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())
        and classid = ${LOCK_CLASS} and objid = ${id}`.execute(db);
    return rows.map((row) => row.pid);
  };
  /** Until none of these sessions is in a statement any more, or is there at all. */
  const untilDone = (pids: number[]) =>
    until('the statements that were held are done', async () => {
      const { rows } = await sql`
        select from pg_stat_activity where pid = any(${pids}::int[]) and state <> 'idle'`.execute(db);
      return rows.length === 0;
    });
  const letGo = () => holder.query('select pg_advisory_unlock($1, $2)', lock);

  return {
    async reached() {
      await until(`a statement waits at "${at}"`, async () => (await sessionsThatWait()).length > 0);
    },
    async release() {
      const pids = await sessionsThatWait();
      await letGo();
      await untilDone(pids);
    },
    async undo() {
      const pids = await sessionsThatWait();
      await sql`select pg_terminate_backend(pid) from unnest(${pids}::int[]) as pid`.execute(db);
      await untilDone(pids);
      await letGo();
    },
  };
}
