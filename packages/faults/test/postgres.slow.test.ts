import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import {
  conclude,
  endSessions,
  freezeTree,
  openScene,
  openTickets,
  type Queue,
  quantileMs,
  replyMany,
  type Scene,
  startLoad,
  startPostgres,
  until,
  untilSettled,
} from '../src/index.ts';

/** The default of the configuration. */
const WORKER_CONCURRENCY = 50;

const queues: Queue[] = ['redis', 'postgres'];

describe.each(queues)('Postgres, with the queue on %s', (queue) => {
  test('Postgres killed under load', async (context) => {
    const postgres = await startPostgres(context);
    const scene = await openScene(context, { queue, databaseUrl: postgres.url });
    const [api, worker] = await Promise.all([scene.startApi(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 40);
    await postgres.kill();
    await load.answered(503, 40);
    await postgres.restart();
    const from = performance.now();
    await load.answered(201, 80);
    await load.stop();
    await untilSettled(scene);
    expectStatuses(load.answers, [201, 503]);
    await conclude(scene, { row: 4, recoveryMs: performance.now() - from, duplicates: 0 });
    expect([await api.stop(), await worker.stop()]).toMatchObject([{ code: 0 }, { code: 0 }]);
  });

  test('every session of Postgres ended each 200 ms', async (context) => {
    const scene = await openScene(context, { queue });
    await Promise.all([scene.startApi(), scene.startWorker(), scene.startWorker()]);
    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 40);
    for (let times = 0; times < 40; times += 1) {
      await endSessions(scene.db);
      await sleep(200);
    }
    const from = performance.now();
    await load.answered(201, 80);
    await load.stop();
    await untilSettled(scene);
    expectStatuses(load.answers, [201, 503]);
    // Each pool's most, the queue's own and the listeners': what leaked would come on top.
    expect(await countSessions(scene)).toBeLessThanOrEqual(3 * (20 + 14 + 1));
    await conclude(scene, { row: 5, recoveryMs: performance.now() - from });
  });
});

test('Postgres frozen for 30 s', async (context) => {
  const postgres = await startPostgres(context);
  const scene = await openScene(context, { databaseUrl: postgres.url });
  await Promise.all([scene.startApi(), scene.startWorker()]);
  const load = await startLoad(scene, { perSecond: 20 });
  await load.answered(201, 40);
  const sending = await countSending(scene);
  const thaw = freezeTree(context, postgres.pid);
  await sleep(30_000);
  thaw();
  const from = performance.now();
  await load.answered(201, 40);
  await load.stop();
  await untilSettled(scene);
  expectStatuses(load.answers, [201, 503]);
  expect(Math.max(...load.answers.map(({ ms }) => ms))).toBeLessThan(20_000);
  // A claim that stood still in the middle is committed by the thaw, its lease long over: one for each place of the worker.
  await conclude(scene, {
    row: 6,
    recoveryMs: performance.now() - from,
    exposed: sending + WORKER_CONCURRENCY,
  });
});

test('rows held by somebody’s open transaction, for longer than a lease', async (context) => {
  const scene = await openScene(context);
  const [, worker] = await Promise.all([
    scene.startApi(),
    scene.startWorker(),
    scene.telegram.setLatency({ latencyMs: 300 }),
  ]);
  const [sending, replied] = await openTickets(scene.db, 2);
  if (!sending || !replied) throw new Error('No tickets were made');
  await scene.admin.replyForSure(sending.ticketId);
  await until('it is being sent', async () => (await countSending(scene)) === 1);

  const letGo = await holdRows(scene, { notificationOf: sending.ticketId, ticket: replied.ticketId });
  const load = await startLoad(scene, { perSecond: 20 });
  expect(await scene.admin.reply(replied.ticketId)).toMatchObject({ status: 503, body: { code: 'busy' } });
  await load.answered(201, 150);
  expect(quantileMs(load.answers, 0.9)).toBeLessThan(1_000);
  expect(worker.lines.filter(({ text }) => text.includes('is held by somebody else'))).toHaveLength(1);
  await letGo();

  const from = performance.now();
  expect(await scene.admin.reply(replied.ticketId)).toMatchObject({ status: 201 });
  await load.stop();
  expectStatuses(load.answers, [201]);
  await untilSettled(scene);
  // The lease of what was being sent ran out, if the relay came before the settle; nothing is sent again before that.
  await conclude(scene, { row: 26, recoveryMs: performance.now() - from, exposed: 1, duplicates: 0 });
});

test('all of Postgres’ connections taken by others', async (context) => {
  const postgres = await startPostgres(context);
  const scene = await openScene(context, { databaseUrl: postgres.url });
  await Promise.all([scene.startApi(), scene.startWorker()]);
  const load = await startLoad(scene, { perSecond: 20 });
  await load.answered(201, 40);
  const letGo = await takeAllConnections(scene);
  await load.answered(503, 100);
  await letGo();
  const from = performance.now();
  await load.answered(201, 40);
  await load.stop();
  await untilSettled(scene);
  expectStatuses(load.answers, [201, 503]);
  await conclude(scene, { row: 28, recoveryMs: performance.now() - from });
});

test('the queue’s jobs in Postgres deleted, with 500 waiting', async (context) => {
  const scene = await openScene(context, { queue: 'postgres' });
  await scene.startApi();
  await replyMany(scene, 500);
  await Promise.all([scene.startWorker(), scene.startWorker()]);
  await scene.telegram.waitForMessages(50, { timeoutMs: 60_000 });
  const from = performance.now();
  await sql`truncate bullmq.job cascade`.execute(scene.db);
  await untilSettled(scene);
  await conclude(scene, { row: 7, recoveryMs: performance.now() - from, duplicates: 0 });
});

test('Postgres read-only for 4 s', async (context) => {
  const postgres = await startPostgres(context);
  const scene = await openScene(context, { databaseUrl: postgres.url });
  await Promise.all([scene.startApi(), scene.startWorker(), scene.telegram.setLatency({ latencyMs: 300 })]);
  const setReadOnly = async (value: 'on' | 'off') => {
    await sql`alter system set default_transaction_read_only = ${sql.raw(value)}`.execute(scene.db);
    await sql`select pg_reload_conf()`.execute(scene.db);
  };
  const load = await startLoad(scene, { perSecond: 20 });
  await load.answered(201, 40);
  await setReadOnly('on');
  await load.answered(503, 40);
  expect(await scene.admin.call('GET', '/readyz')).toMatchObject({ status: 503 });
  await sleep(2_000);
  await setReadOnly('off');
  const from = performance.now();
  await load.answered(201, 40);
  await load.stop();
  await untilSettled(scene);
  expectStatuses(load.answers, [201, 503]);
  await conclude(scene, { row: 27, recoveryMs: performance.now() - from, duplicates: 0 });
});

/** As an operator does who changes rows by hand and goes to lunch before the commit. */
async function holdRows(
  { databaseUrl, test: context }: Scene,
  { notificationOf, ticket }: { notificationOf: number; ticket: number },
): Promise<() => Promise<unknown>> {
  const operator = new pg.Client({ connectionString: databaseUrl, application_name: 'faults' });
  await operator.connect();
  context.onTestFinished(() => operator.end());
  await operator.query('begin');
  await operator.query('select from notifications where ticket_id = $1 for update', [notificationOf]);
  await operator.query('select from support_tickets where id = $1 for update', [ticket]);
  return () => operator.query('rollback');
}

/** Ends the application's sessions and takes all places, again and again: it is quick to come back to any that is free. */
async function takeAllConnections({ databaseUrl, db }: Scene): Promise<() => Promise<unknown>> {
  const taken: pg.Client[] = [];
  const take = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'faults' });
    client.on('error', () => {});
    const isTaken = await client.connect().then(
      () => true,
      () => false,
    );
    if (isTaken) taken.push(client);
    return isTaken;
  };
  let isHeld = true;
  const holding = (async () => {
    while (isHeld) {
      while (await take());
      await endSessions(db);
    }
  })();
  return async () => {
    isHeld = false;
    await holding;
    await Promise.all(taken.map((client) => client.end()));
  };
}

function expectStatuses(answers: readonly { status: number; body: unknown }[], statuses: number[]): void {
  expect(answers.filter(({ status }) => !statuses.includes(status))).toEqual([]);
}

async function countSessions({ db }: Scene): Promise<number | undefined> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_stat_activity where datname = current_database()`.execute(db);
  return rows[0]?.count;
}

async function countSending({ db }: Scene): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from notifications where status = 'sending'`.execute(db);
  return rows[0]?.count ?? 0;
}
