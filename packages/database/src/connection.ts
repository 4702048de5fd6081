import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { PreparingClient, READ_ONLY } from './preparing-client.ts';
import type { Database, Db } from './schema.ts';
import { endSilentConnection } from './silent-connection.ts';

export type ConnectionOptions = {
  /** `postgres://…` */
  url: string;
  /** Shown in pg_stat_activity: `replybell-api`, `replybell-worker`. */
  applicationName: string;
  maxConnections?: number;
  /** How long a statement may take, in milliseconds (8,000); migrations may take longer. */
  statementTimeoutMs?: number;
  /** How long a statement may wait for what others hold, in milliseconds (as long as the statement may take). */
  lockTimeoutMs?: number;
  /**
   * Plan each prepared statement once per connection and not for each call's values. For processes whose statements all
   * find rows by id: Postgres would plan the settle anew each time, which takes longer than running it.
   */
  planOnce?: boolean;
  /** An idle connection broke (the server restarted, say). The pool has already replaced it: log it, do nothing. */
  onConnectionLost?: (error: Error) => void;
};

const { INT8, TIMESTAMPTZ } = pg.types.builtins;
const parseAnyTime: (text: string) => Date = pg.types.getTypeParser(TIMESTAMPTZ);

/** V8 reads Postgres' usual form in half the time of pg's parser, which knows the others too: years before Christ, say. */
function parseTime(text: string): Date {
  // V8 takes the first century for the last one.
  const time = /^(?!00)\d{4}-/.test(text) ? new Date(text) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? parseAnyTime(text) : time;
}

export const columnTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    // Ids fit into 52 bits (Telegram's do by contract, ours in practice), so bigints are plain numbers here.
    if (oid === INT8) return Number;
    return oid === TIMESTAMPTZ ? parseTime : pg.types.getTypeParser(oid, format);
  },
};

/** Stay open while nobody asks: a new connection's first question takes 10 ms longer, for its start and for planning. */
const KEPT_CONNECTIONS = 5;
/** For so long after its time for a statement a server that lives has said something, in milliseconds. */
const SILENCE_MS = 2_000;

/**
 * What must hold whatever the server, the database or the role is set to: the forms in which times, numbers and missing
 * values are read and written, and that a statement sees what those have committed that it waited for.
 */
function settingsOf({ planOnce }: ConnectionOptions): string {
  const settings = [
    'datestyle=ISO',
    'extra_float_digits=1',
    'array_nulls=on',
    'default_transaction_isolation=read\\ committed',
  ];
  if (planOnce) settings.push('plan_cache_mode=force_generic_plan');
  return settings.map((setting) => `-c ${setting}`).join(' ');
}

/** Opens a pool. Nothing is connected until the first query; `destroy()` closes it. */
export function openDatabase(options: ConnectionOptions): Db {
  const { statementTimeoutMs = 8_000 } = options;
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.maxConnections ?? 20,
    min: KEPT_CONNECTIONS,
    // A frozen or unreachable server must become an error, not a caller that hangs for ever.
    connectionTimeoutMillis: 5_000,
    // The server gives up first (see `endSilentConnection`): what was refused for its slowness is then not carried out later.
    statement_timeout: statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    keepAlive: true,
    options: settingsOf(options),
    types: columnTypes,
  });
  pool.on('connect', (client) => endSilentConnection(client, statementTimeoutMs + SILENCE_MS));
  pool.on('release', (_error, client) => {
    // After a failover the host's name may lead to another server, which takes changes: the next connection finds it.
    if (client instanceof PreparingClient && client.isReadOnly) void client.end();
  });
  pool.on('error', (error) => options.onConnectionLost?.(error));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** Whether the server takes changes; a standby and one that guards its full disk don't. */
export async function takesChanges(db: Db): Promise<boolean> {
  const { rows } = await sql<{ isReadOnly: boolean }>`
    select current_setting('transaction_read_only') = 'on' as "isReadOnly"`.execute(db);
  return rows[0]?.isReadOnly === false;
}

/** The SQLSTATE of an error of Postgres, or the network's code; empty if it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Whether Postgres undid a transaction that others were in the way of (SQLSTATE class 40): a deadlock. */
export const isUndone = (error: unknown): boolean => codeOf(error).startsWith('40');

/**
 * Whether others were in the way of a statement, so that it changed nothing and may succeed soon: it was undone, or
 * somebody holds a row for long (55P03).
 */
export const isConflict = (error: unknown): boolean => isUndone(error) || codeOf(error) === '55P03';

/**
 * Whether an error says that Postgres is away for now (stopped, restarting, out of connections, too slow to answer),
 * so that the same statement may well succeed a little later. SQLSTATE classes 08, 53 and 57, a server that takes no
 * changes (25006: a standby, one that guards its full disk), and the network's errors.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code === '') return /timeout|terminated|Connection/i.test(error.message);
  return (
    /^(08|53|57)/.test(code) ||
    code === READ_ONLY ||
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/.test(code)
  );
}

/**
 * SQLSTATE of what an operator puts right while processes run: a refused login (class 28), a missing right (42501), a database
 * that takes no connections (55000) or isn't there yet (3D000), tables or columns that wait for a migration (42P01, 42703).
 */
const WAITS_FOR_OPERATOR = /^(28...|42501|55000|3D000|42P01|42703)$/;

/** Whether nothing can be stored for now, so that the statement itself may be fine: Postgres is away or being put right. */
export const isStorageUnavailable = (error: unknown): boolean =>
  isDatabaseAway(error) || WAITS_FOR_OPERATOR.test(codeOf(error));
