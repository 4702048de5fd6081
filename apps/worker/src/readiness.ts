import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, databaseState } from '@replybell/database';
import { createOutageLog, type Logger, reasonOf } from '@replybell/logger';
import { type NotificationQueue, queueHealth } from '@replybell/queue';

const RETRY_MS = 1_000;
/** How long an answer is waited for, in milliseconds. */
const TIMEOUT_MS = 1_500;

export type Readiness = {
  /** What keeps the worker from delivering now; empty if nothing does. */
  problems: string[];
  queue: 'ok' | 'paused' | 'unavailable';
  /** Why deliveries are paused now; empty if they are not. */
  paused: string[];
};

/**
 * Whether the worker can do its work, which it can't without Postgres, nor without the queue. The API is ready without
 * the queue, as it still stores replies; a worker that can't take jobs does nothing, and a rollout that would put such
 * workers in the place of those that deliver should stop. It is no reason to restart one: it goes on by itself when the
 * queue is back. Pauses are told and fail nothing, as the worker is at its post.
 */
export async function readReadiness(db: Db, queue: NotificationQueue): Promise<Readiness> {
  const [database, health] = await Promise.all([readDatabase(db), queueHealth(queue, TIMEOUT_MS)]);
  if (!health.ok) {
    const problem = `The queue does not answer: ${health.problem}`;
    return { problems: [...database.problems, problem], queue: 'unavailable', paused: database.paused };
  }
  return { ...database, queue: health.paused ? 'paused' : 'ok' };
}

/** What keeps the worker from working with Postgres now, and what Postgres says of pauses. */
async function readDatabase(db: Db): Promise<Pick<Readiness, 'problems' | 'paused'>> {
  const state = await databaseState(db, TIMEOUT_MS);
  switch (state.kind) {
    case 'ready':
      return { problems: [], paused: state.pauses.map(({ reason }) => reason) };
    case 'migrations_pending':
      return {
        problems: [`The database lacks ${state.migrations.join(', ')}: run npm run migrate`],
        paused: [],
      };
    case 'unavailable':
      return { problems: [`Postgres can not be used: ${reasonOf(state.error)}`], paused: [] };
  }
}

/** Waits until Postgres answers and has the schema; a worker that is started first loses nothing by it. */
export async function waitForDatabase(db: Db, logger: Logger): Promise<void> {
  const outage = createOutageLog(logger, { failed: 'The worker waits for the database' });
  for (;;) {
    const { problems } = await readDatabase(db);
    if (problems.length === 0) return outage.recovered();
    outage.failed(new Error(problems.join('; ')));
    await sleep(RETRY_MS);
  }
}
