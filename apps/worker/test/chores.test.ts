import { anyBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
});
afterAll(() => harness.close());

it('a worker removes what is old as fast as it comes to be old', async () => {
  const { db } = harness;
  await sql`
    insert into telegram_updates (bot_id, update_id, received_at)
    select 1, id, now() - interval '4 days' * (id % 2) from generate_series(1, 8000) as id`.execute(db);
  await sql`
    insert into notifications (ticket_id, user_id, subject, status, updated_at)
    select 1, 1, '', 'sent', now() - interval '91 days' from generate_series(1, 3000)`.execute(db);
  const left = async () => {
    const { rows } = await sql<{ updates: number; notifications: number }>`
      select (select count(*) from telegram_updates) as updates,
        (select count(*) from notifications) as notifications`.execute(db);
    return rows[0];
  };
  await harness.startWorker();
  // Long before the worker looks again for what is old.
  await expect.poll(left, { timeout: 5_000 }).toEqual({ updates: 4_000, notifications: 0 });
});
