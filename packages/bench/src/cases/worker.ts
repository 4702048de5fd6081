import type { StartedProcess } from '@replybell/testing';
import { type Arena, openArena } from '../arena.ts';
import { addBareBacklog, addOurBacklog } from '../backlog.ts';
import type { Case, CaseContext } from '../case.ts';
import type { Goal, Measurement } from '../measurement.ts';
import { measureInTurns } from '../rounds.ts';
import { type Backend, type HttpClient, startBareHandler, startOurWorker } from '../sides.ts';

/**
 * What waits when a worker starts. The first messages of a round don't count: a worker runs for weeks, and in its first
 * seconds V8 spends a fifth of the process's CPU on compiling, more for a larger program.
 */
type Backlog = { warmUp: number; counted: number };

const ROUND_TIMEOUT_MS = 120_000;

/** WORKER_CONCURRENCY's default, and what busy installations may raise it to. */
const CONCURRENCIES = [50, 200, 400];

const BACKLOG: Backlog = { warmUp: 10_000, counted: 15_000 };

export const worker: Case = {
  name: 'worker',
  title: 'messages a second of the worker, against a bare BullMQ handler (src/bare/handler.ts)',
  run: (context) =>
    measureEach(context, { backend: 'redis', bareClient: 'grammy', backlog: BACKLOG, goal: { atLeast: 2 } }),
};

export const workerOnSameClient: Case = {
  name: 'worker-same-client',
  title: 'the same, with the bare handler on the HTTP client that Replybell uses',
  run: (context) =>
    measureEach(context, {
      backend: 'redis',
      bareClient: 'undici',
      backlog: BACKLOG,
      goal: { atLeast: 1.4 },
    }),
};

export const workerOnPostgres: Case = {
  name: 'worker-postgres',
  title: "the same with Replybell's queue in PostgreSQL; the bare handler's stays on Redis",
  run: (context) =>
    measureWorker(context, {
      backend: 'postgres',
      bareClient: 'grammy',
      concurrency: 50,
      backlog: { warmUp: 500, counted: 1_000 },
    }),
};

type WorkerOptions = { backend: Backend; bareClient: HttpClient; backlog: Backlog; goal?: Goal };

async function measureEach(context: CaseContext, options: WorkerOptions): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const concurrency of CONCURRENCIES) {
    measurements.push(...(await measureWorker(context, { ...options, concurrency })));
  }
  return measurements;
}

async function measureWorker(
  { rounds, progress }: CaseContext,
  { backend, bareClient, concurrency, backlog, goal }: WorkerOptions & { concurrency: number },
): Promise<Measurement[]> {
  await using arena = await openArena({ tickets: backlog.warmUp + backlog.counted });
  const sides = {
    async ours() {
      await addOurBacklog(arena, arena.ticketIds, backend);
      return measureDrain(arena, backlog, () => startOurWorker(arena, { backend, concurrency }));
    },
    async bare() {
      await addBareBacklog(arena, arena.ticketIds);
      return measureDrain(arena, backlog, () =>
        startBareHandler(arena, { httpClient: bareClient, concurrency }),
      );
    },
  };
  const measured = await measureInTurns(rounds, sides, (round, ours, bare) =>
    progress(`round ${round}: ${ours.toFixed(0)}/s, bare ${bare.toFixed(0)}/s`),
  );
  return [
    {
      kind: 'comparison',
      what: `worker, queue on ${backend === 'redis' ? 'Redis' : 'PostgreSQL'}, ${concurrency} at once${bareClient === 'undici' ? ', bare on undici' : ''}`,
      unit: '/s',
      ...measured,
      ...(goal && { goal }),
    },
  ];
}

/**
 * Starts the worker on its waiting backlog, a message a ticket.
 *
 * @returns messages a second by the clock of the Bot API, from the last of the warm-up to the last of all.
 */
async function measureDrain(
  arena: Arena,
  { warmUp, counted }: Backlog,
  start: () => Promise<StartedProcess>,
): Promise<number> {
  const expected = warmUp + counted;
  const { accepted: after } = await arena.simulator.stats();
  const started = await start();
  const items = await arena.simulator
    .waitForMessages(expected, { after, timeoutMs: ROUND_TIMEOUT_MS })
    .finally(() => started.stop());
  const users = new Set(items.map(({ chatId }) => chatId));
  if (items.length !== expected || users.size !== expected) {
    throw new Error(`${expected} messages were due, ${items.length} came to ${users.size} users`);
  }
  const first = items[warmUp - 1];
  const last = items.at(-1);
  if (!first || !last) throw new Error('The backlog is smaller than its warm-up');
  return counted / ((last.atMs - first.atMs) / 1_000);
}
