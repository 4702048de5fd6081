import { openArena } from '../arena.ts';
import type { Case } from '../case.ts';
import { postReplies } from '../http-load.ts';
import type { Comparison, Goal } from '../measurement.ts';
import { measureInTurns } from '../rounds.ts';
import { type Route, startBareReplyRoute, startOurApi } from '../sides.ts';
import { percentile } from '../statistics.ts';

/** More than a round has requests, so that no two of them wait for the same row. */
const TICKETS = 4_000;
const WARM_UP = { clients: 20, requests: 4_000 };

const loads: { clients: number; requests: number; label: string; goal: Goal }[] = [
  { clients: 1, requests: 1_000, label: '1 client', goal: { atMost: 1 } },
  { clients: 20, requests: 4_000, label: '20 clients', goal: { atMost: 1.2 } },
];

export const replyRoute: Case = {
  name: 'reply-route',
  title: 'POST …/replies, against a route that inserts and awaits queue.add (src/bare/reply-route.ts)',
  async run({ rounds, progress }) {
    await using stack = new AsyncDisposableStack();
    const arena = stack.use(await openArena({ tickets: TICKETS }));
    const { ticketIds } = arena;
    const [ours, bare] = [await startOurApi(arena), await startBareReplyRoute(arena)];
    for (const { process } of [ours, bare]) stack.defer(async () => void (await process.stop()));

    const post = ({ url, headers }: Route, load: { clients: number; requests: number }) =>
      postReplies({ url, headers, ticketIds, ...load });
    for (const route of [ours, bare]) await post(route, WARM_UP);

    const comparisons: Comparison[] = [];
    for (const { label, goal, ...load } of loads) {
      const measured = await measureInTurns(
        rounds,
        { ours: () => post(ours, load), bare: () => post(bare, load) },
        (round, ...sides) => {
          const [a, b] = sides.map((tookMs) => percentile(tookMs, 50).toFixed(2));
          progress(`${label}, round ${round}: p50 ${a} ms, bare ${b} ms`);
        },
      );
      for (const percent of [50, 99]) {
        comparisons.push({
          kind: 'comparison',
          what: `reply route, ${label}, p${percent}`,
          unit: 'ms',
          ours: measured.ours.map((tookMs) => percentile(tookMs, percent)),
          bare: measured.bare.map((tookMs) => percentile(tookMs, percent)),
          goal,
        });
      }
    }
    return comparisons;
  },
};
