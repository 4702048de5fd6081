import { describeEachBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

describeEachBackend('the relay', (backend) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness(backend);
  });
  afterAll(() => harness.close());

  it('finds what has no job also behind a backlog that waits for a slow chat', async () => {
    const { db, queue, reply, statusOf } = harness;
    const slow = await reply();
    await sql`
      insert into notifications (ticket_id, user_id, subject, due_at)
      select n, ${slow.userId}, 'Balance', now() - interval '10 minutes' from generate_series(1, 1200) n`.execute(
      db,
    );
    await harness.startWorker({ TELEGRAM_CHAT_INTERVAL_MS: '60000', FOLDING: 'off' });
    await expect.poll(() => queue.getJobCountByTypes('delayed'), { timeout: 30_000 }).toBeGreaterThan(1_190);

    const forgotten = await reply({ enqueue: false });
    await expect.poll(() => statusOf(forgotten), { timeout: 10_000 }).toBe('sent');
  });
});
