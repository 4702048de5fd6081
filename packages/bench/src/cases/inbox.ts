import { openArena } from '../arena.ts';
import type { Case } from '../case.ts';
import { fillInbox } from '../inbox/fill.ts';
import { questions } from '../inbox/questions.ts';
import { requireIndexes } from '../inbox/require-indexes.ts';
import type { Comparison } from '../measurement.ts';
import { measureInTurns } from '../rounds.ts';
import { startOurApi } from '../sides.ts';
import { percentile } from '../statistics.ts';
import { openAsker } from '../steady-load.ts';

/** More than a team's panels ask, and far from what the API could: so it is the answers that are measured, not a queue. */
const LOAD = { perSecond: 200, seconds: 3 };
/** Before it is measured, so that V8 has compiled what each question needs; in seconds. */
const WARM_UP_SECONDS = 5;

export const inbox: Case = {
  name: 'inbox',
  title: 'GET …/tickets with 200,000 tickets and a million messages, against GET /healthz at the same rate',
  async run({ rounds, progress }) {
    await using stack = new AsyncDisposableStack();
    const arena = stack.use(await openArena({ tickets: 0 }));
    await fillInbox(arena.databaseUrl);
    progress('filled');
    await requireIndexes(arena.databaseUrl, questions);
    progress(`on indexes: ${questions.map(({ name }) => name).join(', ')}`);
    const { process, url, headers } = await startOurApi(arena);
    stack.defer(async () => void (await process.stop()));
    const asker = stack.use(openAsker());

    const comparisons: Comparison[] = [];
    for (const { name, path } of questions) {
      const get = (asked: string, load = LOAD) => asker.getSteadily({ url, headers, path: asked, ...load });
      for (const asked of ['/healthz', `/api/admin${path}`])
        await get(asked, { ...LOAD, seconds: WARM_UP_SECONDS });
      const measured = await measureInTurns(
        rounds,
        { ours: () => get(`/api/admin${path}`), bare: () => get('/healthz') },
        (round, ...sides) => {
          const [ours, bare] = sides.map((tookMs) => percentile(tookMs, 99).toFixed(2));
          progress(`${name}, round ${round}: p99 ${ours} ms, /healthz ${bare} ms`);
        },
      );
      for (const percent of [50, 99]) {
        comparisons.push({
          kind: 'comparison',
          what: `inbox, ${name}, p${percent}`,
          unit: 'ms',
          ours: measured.ours.map((tookMs) => percentile(tookMs, percent)),
          bare: measured.bare.map((tookMs) => percentile(tookMs, percent)),
          ...(percent === 99 && { goal: { atMost: 3 } }),
        });
      }
    }
    return comparisons;
  },
};
