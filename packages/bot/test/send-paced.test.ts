import {
  createReplyInserter,
  ensureBotSlots,
  insertTicket,
  insertUser,
  pauseThrottled,
  pauseUntilProbed,
} from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createSender, tokenFingerprint } from '@replybell/telegram';
import { startSimulator, startWorker, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { sendPaced } from '../src/index.ts';

const BOT_TOKEN = '123456:AAcanary_token_of_the_bot_test';
const MESSAGES_PER_SECOND = 10;
const CHAT_INTERVAL_MS = 1_000;
const logger = createLogger({ name: 'bot', level: 'fatal', format: 'json', secrets: [] });

const { url: databaseUrl, db } = await useTestDatabase();
await ensureBotSlots(db, MESSAGES_PER_SECOND);
const simulator = await startSimulator({ BOT_TOKEN });
const sender = createSender({
  token: BOT_TOKEN,
  apiRoot: simulator.url,
  timeoutMs: 5_000,
  connections: 20,
});
beforeEach(async () => {
  await simulator.client.reset();
  await simulator.client.setLimits({
    messagesPerSecond: MESSAGES_PER_SECOND,
    chatIntervalMs: CHAT_INTERVAL_MS,
  });
  await sql`delete from delivery_pauses`.execute(db);
  await sql`delete from chat_slots`.execute(db);
});
afterAll(async () => {
  await sender.close();
  await simulator.stop();
});

const send = (chatId: number, timeoutMs = 20_000, chatIntervalMs = CHAT_INTERVAL_MS) =>
  sendPaced(
    { chatId, text: `For <b>${chatId}</b>` },
    {
      db,
      sender,
      tokenFingerprint: tokenFingerprint(BOT_TOKEN),
      chatIntervalMs,
      sendTimeoutMs: 5_000,
      timeoutMs,
      logger,
    },
  );

it('delivers a plain message and tells its id', async () => {
  expect(await send(1)).toMatchObject({ kind: 'accepted', telegramMessageId: expect.any(Number) });
  expect(await simulator.client.ledger()).toMatchObject([{ chatId: 1, text: 'For 1' }]);
});

it('keeps the rate together with a worker that has a backlog', async () => {
  const notifications = 30;
  const messages = 25;
  for (let index = 0; index < notifications; index += 1) await promiseNotification(1_000 + index);
  const worker = await startWorker({
    DATABASE_URL: databaseUrl,
    BOT_TOKEN,
    WEBAPP_URL: 'https://app.example.com',
    TELEGRAM_API_ROOT: simulator.url,
    TELEGRAM_MESSAGES_PER_SECOND: String(MESSAGES_PER_SECOND),
  });
  try {
    await simulator.client.waitForMessages(1, { timeoutMs: 20_000 });
    const results = await Promise.all(Array.from({ length: messages }, (_, index) => send(2_000 + index)));
    expect(results.filter((result) => result.kind === 'accepted')).toHaveLength(messages);
    await simulator.client.waitForMessages(notifications + messages, { timeoutMs: 20_000 });
    expect(await simulator.client.stats()).toMatchObject({ refused429: 0 });
  } finally {
    await worker.kill();
  }
});

it('keeps the interval of a chat', async () => {
  const results = await Promise.all([send(3), send(3), send(3)]);
  expect(results.map((result) => result.kind)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(await simulator.client.stats()).toMatchObject({ accepted: 3, refused429: 0 });
});

it('tells why Telegram refused, and lets the chat’s next message go at once', async () => {
  await simulator.client.changeChat(4, { blocked: true });
  const sendRarely = () => send(4, 5_000, 60_000);
  expect(await sendRarely()).toMatchObject({
    kind: 'refused',
    outcome: 'unreachable',
    reason: 'bot_blocked',
  });
  await simulator.client.changeChat(4, { blocked: false });
  expect(await sendRarely()).toMatchObject({ kind: 'accepted' });
});

it('lets a chat rest whose message may have come, though nobody has answered', async () => {
  await simulator.client.addFault({ kind: 'accepted-then-reset', times: 1 });
  expect(await send(4, 20_000, 60_000)).toMatchObject({ kind: 'refused', outcome: 'unknown' });
  const { rows } = await sql`
    select from chat_slots where chat_id = 4 and free_at > now() + interval '30 seconds'`.execute(db);
  expect(rows).toHaveLength(1);
});

it('pauses everybody after a 429, and waits for its end if that is in time', async () => {
  await simulator.client.addFault({
    kind: 'answer',
    errorCode: 429,
    description: 'Too Many Requests: retry after 2',
    retryAfterSeconds: 2,
    times: 1,
  });
  expect(await send(5)).toMatchObject({ kind: 'refused', outcome: 'throttled', reason: 'too_many_requests' });
  expect(await send(6, 500)).toEqual({ kind: 'paused', pause: 'throttled', reason: 'too_many_requests' });
  expect(await send(6)).toMatchObject({ kind: 'accepted' });
  expect(await simulator.client.stats()).toMatchObject({ retryAfterViolations: 0 });
});

it('sends nothing while the token is refused or Telegram is away', async () => {
  await pauseUntilProbed(db, {
    kind: 'token',
    reason: 'bot_token_refused',
    detail: 'Unauthorized',
    tokenFingerprint: tokenFingerprint(BOT_TOKEN),
  });
  expect(await send(7)).toEqual({ kind: 'paused', pause: 'token', reason: 'bot_token_refused' });
  expect(await simulator.client.stats()).toMatchObject({ accepted: 0 });
});

it('gives up when no slot is free in time, or a pause begins while it waits for its own', async () => {
  await sql`update bot_slots set free_at = now() + interval '1 minute'`.execute(db);
  expect(await send(8, 300)).toEqual({ kind: 'no_slot' });

  await sql`update bot_slots set free_at = now() + interval '200 milliseconds'`.execute(db);
  const waiting = send(8);
  await expect.poll(slotsTaken).toBe(1);
  await pauseThrottled(db, { retryAfterMs: 60_000, reason: 'too_many_requests', detail: 'retry after 60' });
  expect(await waiting).toMatchObject({ kind: 'paused' });
  await expect.poll(slotsTaken).toBe(0);
  expect(await simulator.client.stats()).toMatchObject({ accepted: 0 });
});

/** Slots that are held for a send under way. */
async function slotsTaken(): Promise<number> {
  const { rows } = await sql<{ taken: number }>`
    select count(*) as taken from bot_slots where free_at > now() + interval '5 seconds'`.execute(db);
  return rows[0]?.taken ?? 0;
}

async function promiseNotification(telegramId: number): Promise<void> {
  const user = await insertUser(db, { username: 'anna', telegramId, locale: 'ru' });
  const opened = await insertTicket(db, {
    userId: user.id,
    subject: 'Balance',
    message: 'Help',
    priority: 'medium',
  });
  if (opened.kind !== 'inserted') throw new Error(opened.kind);
  await createReplyInserter(db)({ ticketId: opened.ticket.id, message: 'Here', requestId: null });
}
