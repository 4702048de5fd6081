import { findNotification } from '@replybell/database';
import { anyBackend } from '@replybell/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
});
afterAll(() => harness.close());

it('an outage that a single chat meets is found out too, before its message has been given up', async () => {
  const { id } = await harness.telegram.addFault({ kind: 'reset', method: '*' });
  const worker = await harness.startWorker();
  const reply = await harness.reply();
  await worker.waitForLog('Deliveries paused');
  await harness.telegram.removeFault(id);
  await expect.poll(() => harness.statusOf(reply), { timeout: 15_000 }).toBe('sent');
  const { timeline } = (await findNotification(harness.db, reply.notificationId)) ?? {};
  expect(timeline?.map(({ outcome }) => outcome)).toEqual(['unknown', 'sent']);
});
