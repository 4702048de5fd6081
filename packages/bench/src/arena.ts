import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, migrateToLatest, openDatabase } from '@replybell/database';
import { migrateQueue } from '@replybell/queue';
import { DEMO_BOT_TOKEN, type SimulatorClient } from '@replybell/simulator';
import { startEmbeddedPostgres, startRedisServer, startSimulator } from '@replybell/testing';
import { sql } from 'kysely';
import { createBareTable } from './bare/table.ts';

/** For the largest of the statements that fill the database. */
const SETUP_TIMEOUT_MS = 120_000;

/** Servers of a case's own, with users and tickets; both sides of the case share them. Gone when it is disposed. */
export type Arena = AsyncDisposable & {
  databaseUrl: string;
  redisUrl: string;
  db: Db;
  simulator: SimulatorClient;
  botToken: string;
  /** One ticket a user, every user linked: no two messages of a round meet in a row lock or in a chat. */
  ticketIds: number[];
  /** For the processes' logs. */
  folder: string;
};

/**
 * Starts Postgres (every commit on disk), Redis and the Bot API simulator, and fills the database.
 *
 * @param tickets how many to make.
 */
export async function openArena({ tickets }: { tickets: number }): Promise<Arena> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'replybell-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  stack.defer(() => {
    process.off('exit', removeFolder);
    removeFolder();
  });

  const postgres = await startEmbeddedPostgres({ durable: true });
  stack.defer(() => postgres.stop());
  const redis = await startRedisServer();
  stack.defer(() => redis.stop());
  const simulator = await startSimulator({ BOT_TOKEN: DEMO_BOT_TOKEN, SIMULATOR_LEDGER_TEXTS: '0' });
  stack.defer(async () => void (await simulator.stop()));

  await migrateToLatest(postgres.url);
  await migrateQueue(postgres.url);
  const db = openDatabase({
    url: postgres.url,
    applicationName: 'replybell-bench',
    statementTimeoutMs: SETUP_TIMEOUT_MS,
  });
  stack.defer(() => db.destroy());
  await createBareTable(db);
  const ticketIds = await insertTickets(db, tickets);

  const started = stack.move();
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    db,
    simulator: simulator.client,
    botToken: DEMO_BOT_TOKEN,
    ticketIds,
    folder,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function insertTickets(db: Db, count: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with users as (
      insert into users (username, telegram_id)
      select 'user' || n, 1000000000 + n from generate_series(1, ${count}::integer) n
      returning id
    )
    insert into support_tickets (user_id, subject)
    select id, 'Проблема с балансом <3' from users
    returning id`.execute(db);
  return rows.map(({ id }) => id);
}
