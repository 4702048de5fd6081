import { findOverdue, takeBackClaims } from '@replybell/database';
import { lookUpJobs, openQueue, toBulkJob } from '@replybell/queue';
import { sql } from 'kysely';
import { type Arena, openArena } from '../arena.ts';
import type { Case } from '../case.ts';
import { explain, requireIndex } from '../plans.ts';
import { median } from '../statistics.ts';

const WAITING = 1_000_000;
const PASSES = 100;
const WARM_UP = 20;
/** As in the worker's relay. */
const PAGE = { graceMs: 2_000, limit: 500 };

export const relay: Case = {
  name: 'relay',
  title: "a pass of the relay's with a million notifications waiting, the 500 oldest with their jobs",
  async run({ rounds, progress }) {
    await using stack = new AsyncDisposableStack();
    const arena = stack.use(await openArena({ tickets: 1 }));
    const { db } = arena;
    await insertWaiting(arena);
    progress(`${WAITING} notifications wait`);

    const queue = openQueue(arena, { attempts: 8, onError: console.error });
    stack.defer(() => queue.close());
    const { keys } = await findOverdue(db, PAGE);
    await queue.addBulk(keys.map(toBulkJob));

    const wholeMs: number[] = [];
    const questionMs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const passes: { wholeMs: number; questionMs: number }[] = [];
      for (let pass = 0; pass < WARM_UP + PASSES; pass += 1) {
        const fromMs = performance.now();
        await takeBackClaims(db, { policy: 'resend', limit: PAGE.limit });
        const page = await findOverdue(db, PAGE);
        const askedMs = performance.now();
        const { missing } = await lookUpJobs(queue, page.keys);
        if (missing.length > 0) throw new Error(`${missing.length} jobs were not found`);
        passes.push({ wholeMs: performance.now() - fromMs, questionMs: askedMs - fromMs });
      }
      const counted = passes.slice(WARM_UP);
      wholeMs.push(median(counted.map((pass) => pass.wholeMs)));
      questionMs.push(median(counted.map((pass) => pass.questionMs)));
      progress(`round ${round}: ${wholeMs.at(-1)?.toFixed(2)} ms`);
    }

    const plans = await explain(arena.databaseUrl, (explained) => findOverdue(explained, PAGE));
    for (const plan of plans) {
      requireIndex('The relay', plan, 'notifications_due');
      progress(plan.text);
    }
    return [
      {
        kind: 'figure',
        what: 'relay pass at 1,000,000 waiting, 500 known jobs',
        unit: 'ms',
        values: wholeMs,
        goal: { atMost: 5 },
      },
      { kind: 'figure', what: '… of it in Postgres', unit: 'ms', values: questionMs },
    ];
  },
};

/** All of them overdue; nobody will send them, so they need no tickets of their own. */
async function insertWaiting({ db, ticketIds }: Arena): Promise<void> {
  const [ticketId] = ticketIds;
  await sql`
    insert into notifications (ticket_id, user_id, subject, due_at)
    select t.id, t.user_id, t.subject, now() - interval '1 hour' + n * interval '1 millisecond'
    from generate_series(1, ${WAITING}::integer) n, support_tickets t where t.id = ${ticketId}`.execute(db);
  await sql`vacuum analyze notifications`.execute(db);
}
