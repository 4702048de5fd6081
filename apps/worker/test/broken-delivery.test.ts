import { anyBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
});
afterAll(() => harness.close());

it('an error that nobody expected is told, and is no retry by an operator: what is held stays unsent', async () => {
  const { db, telegram } = harness;
  await sql`create function refuse() returns trigger language plpgsql as $$ begin raise 'No pause today'; end $$`.execute(
    db,
  );
  await sql`create trigger refuse before insert on delivery_pauses for each row execute function refuse()`.execute(
    db,
  );
  await telegram.addFault({ kind: 'accepted-then-reset', method: 'sendMessage' });
  await telegram.addFault({ kind: 'reset', method: 'getMe' });
  const worker = await harness.startWorker({ UNKNOWN_OUTCOME: 'hold', LOG_LEVEL: 'info' });
  const reply = await harness.reply();
  const { fields } = await worker.waitForLog('The delivery broke off');
  expect(fields).toMatchObject({ stage: 'failed', notificationId: String(reply.notificationId) });

  // Its job comes back, and finds that nobody has decided.
  const jobs = () => harness.queue.getJobCountByTypes('active', 'delayed', 'wait');
  await expect.poll(jobs, { timeout: 15_000 }).toBe(0);
  expect(await harness.statusOf(reply)).toBe('unknown');
  expect(await telegram.ledger()).toHaveLength(1);
}, 40_000);
