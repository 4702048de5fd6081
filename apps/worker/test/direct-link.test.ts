import { findNotification } from '@replybell/database';
import { anyBackend } from '@replybell/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

// The button of a direct link needs the bot's name, which is asked for before the first message.
let harness: Harness;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
});
afterAll(() => harness.close());
afterEach(() => harness.telegram.reset());

const startWorker = (env = {}) => harness.startWorker({ WEBAPP_BUTTON: 'direct_link', ...env });

it.each([
  { name: 'are reset', fault: { kind: 'reset' } as const, env: {} },
  { name: 'hang', fault: { kind: 'hang' } as const, env: { TELEGRAM_TIMEOUT_MS: '3000' } },
])('while questions for the name $name, deliveries pause and use up no attempts', async ({ fault, env }) => {
  const { id } = await harness.telegram.addFault({ ...fault, method: 'getMe' });
  const worker = await startWorker({ ...env, NOTIFICATION_ATTEMPTS: '1' });
  const replies = [await harness.reply(), await harness.reply(), await harness.reply()];
  await worker.waitForLog('Deliveries paused', { timeoutMs: 20_000 });
  await harness.telegram.removeFault(id);
  await harness.telegram.waitForMessages(replies.length, { timeoutMs: 20_000 });
  for (const reply of replies) {
    await expect.poll(() => harness.statusOf(reply)).toBe('sent');
    const { timeline } = (await findNotification(harness.db, reply.notificationId)) ?? {};
    expect(timeline?.map(({ outcome }) => outcome)).not.toContain('unknown');
  }
  await worker.stop();
});
