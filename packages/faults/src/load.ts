import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './admin.ts';
import type { Scene } from './scene.ts';
import { type OpenTicket, openTickets } from './tickets.ts';
import { until } from './until.ts';

/** Admins who reply steadily, whether or not they are answered. */
export type Load = {
  /** In the order in which they came. */
  answers: readonly Answer[];
  /** Waits until so many more requests were answered with this status. */
  answered(status: number, count?: number): Promise<void>;
  /** No more requests; resolves when the last one was answered. */
  stop(): Promise<void>;
};

/** More than any fault and its recovery take together. */
const LONGEST_LOAD_S = 150;

/** Starts replying, each time to another ticket. */
export async function startLoad(scene: Scene, { perSecond }: { perSecond: number }): Promise<Load> {
  const tickets = await openTickets(scene.db, perSecond * LONGEST_LOAD_S);
  const answers: Answer[] = [];
  const underWay = new Set<Promise<unknown>>();
  let stopped = false;

  async function reply({ ticketId }: OpenTicket): Promise<void> {
    answers.push(await scene.admin.reply(ticketId));
  }

  async function run(): Promise<void> {
    for (const ticket of tickets) {
      if (stopped) return;
      const replying = reply(ticket).finally(() => underWay.delete(replying));
      underWay.add(replying);
      await sleep(1_000 / perSecond);
    }
    throw new Error(`The load has used up its ${tickets.length} tickets`);
  }

  const running = run();
  scene.test.onTestFinished(() => {
    stopped = true;
  });
  return {
    answers,
    async answered(status, count = 1) {
      const before = answers.length;
      const came = () => answers.slice(before).filter((answer) => answer.status === status).length;
      await until(`${count} requests were answered ${status}`, async () => came() >= count, {
        describe: async () => countBy(answers.slice(before).map((answer) => String(answer.status))),
      });
    },
    async stop() {
      stopped = true;
      await running;
      await Promise.all(underWay);
    },
  };
}

/** How long a share (0 to 1) of these answers took at most, in milliseconds. */
export function quantileMs(answers: readonly Answer[], share: number): number {
  const times = answers.map((answer) => answer.ms).toSorted((a, b) => a - b);
  return times[Math.ceil(share * times.length) - 1] ?? 0;
}

/** Replies to new tickets, some at a time, until so many were answered 201. */
export async function replyMany(scene: Scene, count: number): Promise<void> {
  const tickets = await openTickets(scene.db, count);
  const replyToNext = async () => {
    for (let ticket = tickets.pop(); ticket; ticket = tickets.pop()) {
      const { status, body } = await scene.admin.reply(ticket.ticketId);
      if (status !== 201) throw new Error(`A reply was answered ${status}: ${JSON.stringify(body)}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, replyToNext));
}

function countBy(keys: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
