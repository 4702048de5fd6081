import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Arena, openArena } from '../arena.ts';
import type { Case } from '../case.ts';
import { enginePlans } from '../engine-plans.ts';
import { postReplies } from '../http-load.ts';
import type { Measurement } from '../measurement.ts';
import { memoryMiB } from '../memory.ts';
import { startOurApi, startOurWorker } from '../sides.ts';
import { median } from '../statistics.ts';

const WAITING = 1_000_000;
const DRAIN_SECONDS = 60;
/** The mean of so many seconds at either end is compared, the first ones without the processes' start. */
const START_SECONDS = 15;
const EDGE_SECONDS = 10;
/** Tickets of this list are answered while the backlog drains. */
const ANSWERED = 1_000;
const REPLIES_A_SECOND = 20;

export const million: Case = {
  name: 'million',
  title:
    'a million waiting notifications: memory of API and worker while they drain, plans of the statements, once',
  async run({ progress }) {
    await using stack = new AsyncDisposableStack();
    const arena = stack.use(await openArena({ tickets: ANSWERED }));
    await insertBacklog(arena);
    progress(`${WAITING} notifications wait, none with a job`);
    const plans = await enginePlans(arena);
    for (const { name, plan } of plans) progress(`${name}, ${plan.tookMs} ms\n${plan.text}`);

    const api = await startOurApi(arena);
    stack.defer(async () => void (await api.process.stop()));
    const worker = await startOurWorker(arena);
    stack.defer(async () => void (await worker.stop()));
    const memory = { API: [] as number[], worker: [] as number[] };
    for (let second = 1; second <= DRAIN_SECONDS; second += 1) {
      await Promise.all([
        sleep(1_000),
        postReplies({ ...api, ticketIds: arena.ticketIds, clients: 1, requests: REPLIES_A_SECOND }),
      ]);
      memory.API.push(await memoryMiB(api.process.pid));
      memory.worker.push(await memoryMiB(worker.pid));
      if (second % EDGE_SECONDS === 0) {
        const { accepted } = await arena.simulator.stats();
        progress(
          `${second} s: ${accepted} sent, API ${memory.API.at(-1)} MiB, worker ${memory.worker.at(-1)} MiB`,
        );
      }
    }
    const { accepted } = await arena.simulator.stats();
    return [
      ...Object.entries(memory).flatMap(([name, values]) => growth(name, values)),
      { kind: 'figure', what: '… sent meanwhile', unit: '/s', values: [accepted / DRAIN_SECONDS] },
    ];
  },
};

function growth(name: string, values: number[]): Measurement[] {
  const early = median(values.slice(START_SECONDS, START_SECONDS + EDGE_SECONDS));
  const late = median(values.slice(-EDGE_SECONDS));
  return [
    { kind: 'figure', what: `memory of the ${name} at a million waiting`, unit: 'MiB', values: [late] },
    {
      kind: 'figure',
      what: `… to that ${DRAIN_SECONDS - START_SECONDS - EDGE_SECONDS} s before`,
      unit: '×',
      values: [late / early],
      goal: { atMost: 1.1 },
    },
  ];
}

/** Ten tickets a user, a reply and its notification a ticket; all overdue, so that the relay makes every job. */
async function insertBacklog({ db }: Arena): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // Foreign keys are not checked row by row here: it takes half as long.
    await sql`set local session_replication_role = replica`.execute(trx);
    await sql`
      insert into users (id, username, telegram_id)
      select 1000000 + n, 'user' || n, 2000000000 + n from generate_series(1, ${WAITING / 10}::integer) n`.execute(
      trx,
    );
    await sql`
      insert into support_tickets (id, user_id, subject, search_text, status)
      select 1000000 + n, 1000001 + n % ${WAITING / 10}::integer, 'Проблема с балансом <3', '', 'waiting_user'
      from generate_series(1, ${WAITING}::integer) n`.execute(trx);
    await sql`
      insert into support_messages (id, ticket_id, author, message)
      select 1000000 + n, 1000000 + n, 'admin', 'Готово, проверьте баланс.'
      from generate_series(1, ${WAITING}::integer) n`.execute(trx);
    await sql`
      insert into notifications (message_id, ticket_id, user_id, due_at)
      select 1000000 + n, 1000000 + n, 1000001 + n % ${WAITING / 10}::integer,
        now() - interval '1 hour' + n * interval '1 millisecond'
      from generate_series(1, ${WAITING}::integer) n`.execute(trx);
    for (const table of ['users', 'support_tickets', 'support_messages']) {
      await sql`select setval(pg_get_serial_sequence(${table}, 'id'), 3000000)`.execute(trx);
    }
  });
  await sql`vacuum analyze`.execute(db);
}
