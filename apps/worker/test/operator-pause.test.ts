import { endPause, pauseByOperator } from '@replybell/database';
import { describeEachBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

/** Long enough for a worker that does not obey to be caught. */
const WATCHED_MS = 1_500;

describeEachBackend('a pause by an operator', (backend) => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await openHarness(backend);
  });
  afterAll(() => harness.close());

  const accepted = async () => (await harness.telegram.stats()).accepted;

  it('stops running workers at once and those that start later, until it is lifted', async () => {
    const worker = await harness.startWorker();
    await harness.reply();
    await harness.telegram.waitForMessages(1);

    await pauseByOperator(harness.db, 'anna: the Mini App is being moved');
    const [first, second] = [await harness.reply(), await harness.reply()];
    await worker.kill();
    await harness.startWorker();
    await expect(harness.telegram.waitForMessages(2, { timeoutMs: WATCHED_MS })).rejects.toThrow();
    expect([await harness.statusOf(first), await harness.statusOf(second)]).toEqual(['pending', 'pending']);

    await endPause(harness.db, 'operator');
    const resumedAtMs = performance.now();
    await harness.telegram.waitForMessages(3);
    expect(performance.now() - resumedAtMs).toBeLessThan(5_000);
    const { rows } = await sql`select distinct retries, unknowns from notifications`.execute(harness.db);
    expect(rows).toEqual([{ retries: 0, unknowns: 0 }]);
  });

  it('keeps back most of a backlog that is being sent, and sends each once when it is lifted', async () => {
    const before = await accepted();
    // While they are made nothing is sent: on a slow machine the first would be far ahead of the last.
    await pauseByOperator(harness.db, 'anna');
    for (let index = 0; index < 60; index += 1) await harness.reply();
    await endPause(harness.db, 'operator');
    await harness.telegram.waitForMessages(before + 1);
    await pauseByOperator(harness.db, 'anna');
    await expect
      .poll(async () => {
        const { rows } = await sql`select id from notifications where status = 'sending'`.execute(harness.db);
        return rows.length;
      })
      .toBe(0);
    const sentBefore = await accepted();
    expect(sentBefore).toBeLessThan(before + 60);
    await expect(
      harness.telegram.waitForMessages(sentBefore + 1, { timeoutMs: WATCHED_MS }),
    ).rejects.toThrow();

    await endPause(harness.db, 'operator');
    await harness.telegram.waitForMessages(before + 60);
    expect(await accepted()).toBe(before + 60);
  });
});
