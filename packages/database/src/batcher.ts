import { setImmediate } from 'node:timers/promises';
import { codeOf, isDatabaseAway } from './connection.ts';

/**
 * Gathers calls that come at the same time into one statement: while one statement is under way all new calls wait,
 * and leave together as the next one. Alone, a call waits for nothing.
 *
 * If Postgres refuses a statement, its calls are repeated one by one, so that a bad row fails only its own caller. If it is
 * away or the answer was lost, all of them fail: what they did may be stored, and only the caller knows whether to do it
 * again.
 *
 * @param run handles a batch and returns one result per item, in the items' order.
 * @param maxItems the largest batch.
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  maxItems = 500,
): (item: Item) => Promise<Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };
  const waiting: Waiting[] = [];
  let busy = false;

  async function runBatch(batch: Waiting[]): Promise<void> {
    const results = await run(batch.map((call) => call.item));
    batch.forEach((call, index) => {
      if (index in results) call.resolve(results[index] as Result);
      else call.reject(new Error('The batch returned no result for this item'));
    });
  }

  async function runEach(batch: Waiting[]): Promise<void> {
    for (const call of batch) await runBatch([call]).catch(call.reject);
  }

  async function drain(): Promise<void> {
    busy = true;
    while (waiting.length > 0) {
      // Whatever else came in with this turn of the event loop joins the batch.
      await setImmediate();
      const batch = waiting.splice(0, maxItems);
      await runBatch(batch).catch(async (error) => {
        if (batch.length > 1 && isRefused(error)) await runEach(batch);
        else for (const call of batch) call.reject(error);
      });
    }
    busy = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!busy) void drain();
    });
}

/**
 * Whether Postgres refused what a statement says, by an SQLSTATE, and so has changed nothing. What says that it is away may
 * have come after the commit, or would be said to each single call too, at a server that has enough to do.
 */
function isRefused(error: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(codeOf(error)) && !isDatabaseAway(error);
}
