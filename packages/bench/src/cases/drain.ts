import type { LedgerItem } from '@replybell/simulator';
import { openArena } from '../arena.ts';
import { addOurBacklog } from '../backlog.ts';
import type { Case } from '../case.ts';
import { startOurWorker } from '../sides.ts';

const MESSAGES = 100_000;
/** The first messages warm the process up and don't count. */
const WARM_UP = 1_000;
const TIMEOUT_MS = 300_000;

export const drain: Case = {
  name: 'drain',
  title: 'whether the worker keeps its rate while it drains 100,000 waiting notifications, once',
  async run({ progress }) {
    await using arena = await openArena({ tickets: WARM_UP + MESSAGES });
    await addOurBacklog(arena, arena.ticketIds, 'redis');
    progress(`${MESSAGES} notifications wait`);
    const worker = await startOurWorker(arena);
    const items = await arena.simulator
      .waitForMessages(WARM_UP + MESSAGES, { timeoutMs: TIMEOUT_MS })
      .finally(() => worker.stop());
    const counted = items.slice(WARM_UP);
    const first = messagesPerSecond(counted.slice(0, MESSAGES / 10));
    const last = messagesPerSecond(counted.slice(-MESSAGES / 10));
    return [
      {
        kind: 'figure',
        what: 'drain of 100,000, last tenth to first',
        unit: '×',
        values: [last / first],
        goal: { atLeast: 0.95 },
      },
      { kind: 'figure', what: '… all of it', unit: '/s', values: [messagesPerSecond(counted)] },
    ];
  },
};

/** By the clock of the Bot API. */
function messagesPerSecond(items: LedgerItem[]): number {
  const tookMs = (items.at(-1)?.atMs ?? Number.NaN) - (items[0]?.atMs ?? Number.NaN);
  return (items.length - 1) / (tookMs / 1_000);
}
