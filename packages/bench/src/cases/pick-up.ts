import { setTimeout as sleep } from 'node:timers/promises';
import { createReplyInserter } from '@replybell/database';
import { createEnqueuer, openQueue } from '@replybell/queue';
import { Queue } from 'bullmq';
import { type Arena, openArena } from '../arena.ts';
import { addBareBacklog, addOurBacklog } from '../backlog.ts';
import { BARE_QUEUE, insertBareNotifications } from '../bare/table.ts';
import type { Case } from '../case.ts';
import { measureInTurns } from '../rounds.ts';
import { startBareHandler, startOurWorker } from '../sides.ts';
import { percentile } from '../statistics.ts';

const REPLIES = 200;
/** Messages that each side sends before: a worker that has run for a while is what waits for a reply. */
const BACKLOG = 10_000;
const WARM_UP = 200;
const BACKLOG_TIMEOUT_MS = 60_000;
/** Lets what follows a send come to rest, so that each reply meets an idle worker. */
const IDLE_MS = 10;

type Percentiles = { p50: number; p99: number };

export const pickUp: Case = {
  name: 'pick-up',
  title: 'an idle worker, from the committed reply to the accepted message, against src/bare/handler.ts',
  async run({ rounds, progress }) {
    await using stack = new AsyncDisposableStack();
    const arena = stack.use(await openArena({ tickets: BACKLOG }));
    const sides = [
      {
        addBacklog: () => addOurBacklog(arena, arena.ticketIds, 'redis'),
        start: () => startOurWorker(arena),
      },
      { addBacklog: () => addBareBacklog(arena, arena.ticketIds), start: () => startBareHandler(arena) },
    ];
    for (const { addBacklog, start } of sides) {
      await addBacklog();
      const { accepted: after } = await arena.simulator.stats();
      const started = await start();
      stack.defer(async () => void (await started.stop()));
      await arena.simulator.waitForMessages(BACKLOG, { after, timeoutMs: BACKLOG_TIMEOUT_MS });
    }
    progress('warm');
    const replyToOurs = openOurReplies(arena, stack);
    const replyToBare = openBareReplies(arena, stack);

    for (const reply of [replyToOurs, replyToBare]) await measurePickUp(arena, reply, WARM_UP);
    const measured = await measureInTurns(
      rounds,
      {
        ours: () => measurePickUp(arena, replyToOurs, REPLIES),
        bare: () => measurePickUp(arena, replyToBare, REPLIES),
      },
      (round, ours, bare) =>
        progress(`round ${round}: p50 ${ours.p50.toFixed(2)} ms, bare ${bare.p50.toFixed(2)} ms`),
    );
    return (['p50', 'p99'] as const).map((name) => ({
      kind: 'comparison',
      what: `idle pick-up, ${name}`,
      unit: 'ms',
      ours: measured.ours.map((percentiles) => percentiles[name]),
      bare: measured.bare.map((percentiles) => percentiles[name]),
      goal: { atMost: 1.2 },
    }));
  },
};

/** Commits a reply to a ticket and sees to its job; returns when it was committed, by the clock of `nowMs`. */
type Reply = (ticketId: number) => Promise<number>;

/** As the API does: one statement, then the job in the background. */
function openOurReplies(arena: Arena, stack: AsyncDisposableStack): Reply {
  const queue = openQueue(
    { databaseUrl: arena.databaseUrl, redisUrl: arena.redisUrl },
    { attempts: 8, onError: console.error },
  );
  stack.defer(() => queue.close());
  const enqueuer = createEnqueuer(queue, { onFailed: console.error });
  return async (ticketId) => {
    const inserted = await createReplyInserter(arena.db)({ ticketId, message: 'Готово', requestId: 'bench' });
    if (inserted.kind !== 'inserted') throw new Error(`Ticket ${ticketId}: ${inserted.kind}`);
    const committedAtMs = nowMs();
    const { id, epoch } = inserted.notification;
    enqueuer.enqueue({ notificationId: id, ticketId, epoch });
    return committedAtMs;
  };
}

function openBareReplies(arena: Arena, stack: AsyncDisposableStack): Reply {
  const queue = new Queue(BARE_QUEUE, { connection: { url: arena.redisUrl } });
  stack.defer(() => queue.close());
  return async (ticketId) => {
    const [job] = await insertBareNotifications(arena.db, [ticketId]);
    if (!job) throw new Error('Nothing was inserted');
    const committedAtMs = nowMs();
    queue.add(job.name, job.data).catch(console.error);
    return committedAtMs;
  };
}

async function measurePickUp(
  { simulator, ticketIds }: Arena,
  reply: Reply,
  count: number,
): Promise<Percentiles> {
  const tookMs: number[] = [];
  for (const ticketId of ticketIds.slice(0, count)) {
    const { accepted: after } = await simulator.stats();
    await sleep(IDLE_MS);
    const committedAtMs = await reply(ticketId);
    const [message] = await simulator.waitForMessages(1, { after });
    tookMs.push((message?.atMs ?? Number.NaN) - committedAtMs);
  }
  return { p50: percentile(tookMs, 50), p99: percentile(tookMs, 99) };
}

/** The simulator's clock, in another process of the same machine. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
