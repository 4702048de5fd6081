import {
  createReplyInserter,
  eraseUser,
  findNotification,
  findUser,
  insertForeignNotification,
  insertUser,
} from '@replybell/database';
import { anyBackend } from '@replybell/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

const within = { timeout: 15_000, interval: 50 };

let harness: Harness;
let worker: Awaited<ReturnType<Harness['startWorker']>>;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
  // Nobody tells that a user is back but the message that arrives.
  worker = await harness.startWorker({ TELEGRAM_UPDATES: 'off' });
});
afterAll(() => harness.close());

it('a message that arrives frees what was parked while its user could not be reached', async () => {
  const telegramId = 70_001;
  await harness.telegram.changeChat(telegramId, { blocked: true });
  const first = await harness.reply({ telegramId });
  await vi.waitFor(async () => expect(await harness.statusOf(first)).toBe('parked'), within);
  expect(await findUser(harness.db, first.userId)).toMatchObject({ unreachableReason: 'bot_blocked' });

  await harness.telegram.changeChat(telegramId, { blocked: false });
  const { ticketId } = first;
  await createReplyInserter(harness.db)({ ticketId, message: 'Are you there?', requestId: null });
  await vi.waitFor(async () => expect(await harness.statusOf(first)).toBe('sent'), within);
  expect(await findUser(harness.db, first.userId)).toMatchObject({ unreachableReason: null });
});

it("a notification of another system's ticket opens that system's page, in its own language", async () => {
  const telegramId = 70_002;
  await harness.telegram.changeChat(telegramId, {});
  await insertUser(harness.db, { username: 'anna', telegramId, locale: 'ru' });
  await harness.db.transaction().execute((trx) =>
    insertForeignNotification(trx, {
      user: { telegramId },
      ticketId: 4_711,
      subject: 'Where is my parcel?',
      buttonUrl: 'https://helpdesk.example.com/tickets/4711',
      locale: 'en',
      requestId: null,
    }),
  );
  const [message] = await harness.telegram.waitForMessages(1, { chatId: telegramId });
  expect(message?.text).toContain('Where is my parcel?');
  expect(message?.text).toContain('An administrator has replied');
  expect(JSON.stringify(message)).toContain('https://helpdesk.example.com/tickets/4711');
});

it("an answer that a chat has another id is recorded, though the chat's user was erased meanwhile", async () => {
  const telegramId = 70_003;
  await harness.telegram.changeChat(telegramId, {});
  await harness.telegram.addFault({ kind: 'migrate', migrateToChatId: -70_003, chatId: telegramId });
  await harness.telegram.setLatency({ latencyMs: 500 });
  const reply = await harness.reply({ telegramId });
  await worker.waitForLog(`Attempting to send Telegram notification to user ${telegramId}`);
  await harness.db.transaction().execute((trx) => eraseUser(trx, reply.userId));
  await vi.waitFor(async () => expect(await harness.statusOf(reply)).toBe('withdrawn'), within);
  expect(await findNotification(harness.db, reply.notificationId)).toMatchObject({
    timeline: [{ outcome: 'retry', reason: 'chat_migrated' }],
  });
});
