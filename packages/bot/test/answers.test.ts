import { endPause, ensureBotSlots, pauseUntilProbed } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createSimulator, createSimulatorClient } from '@replybell/simulator';
import { createSender, tokenFingerprint } from '@replybell/telegram';
import { useTestDatabase } from '@replybell/testing';
import type { KyselyPlugin } from 'kysely';
import { afterAll, expect, it } from 'vitest';
import { createAnswers } from '../src/index.ts';

const logger = createLogger({ name: 'bot', level: 'fatal', format: 'json', secrets: [] });
const { db } = await useTestDatabase();
await ensureBotSlots(db, 30);
const simulator = await createSimulator();
const { token, url } = simulator;
const sender = createSender({ token, apiRoot: url, timeoutMs: 2_000, connections: 2 });
afterAll(async () => {
  await sender.close();
  await simulator.close();
});

const open = (on = db) =>
  createAnswers({
    db: on,
    sender,
    tokenFingerprint: tokenFingerprint(simulator.token),
    chatIntervalMs: 100,
    sendTimeoutMs: 2_000,
    logger,
  });

it('sends the first and the last of what comes at once for a chat, and each chat its own', async () => {
  const answers = open();
  for (const text of ['one', 'two', 'three']) answers.answer({ chatId: 1, text });
  answers.answer({ chatId: 2, text: 'hello' });
  await answers.finish(10_000);
  const ledger = await createSimulatorClient(simulator.url).ledger();
  const textsOf = (chatId: number) =>
    ledger.filter((item) => item.chatId === chatId).map((item) => item.text);
  expect(textsOf(1)).toEqual(['one', 'three']);
  expect(textsOf(2)).toEqual(['hello']);
});

it('finishes in time though Telegram is silent, and goes on after a refusal', async () => {
  const client = createSimulatorClient(simulator.url);
  const answers = open();
  await client.addFault({ kind: 'hang', times: 1, chatId: 3 });
  answers.answer({ chatId: 3, text: 'unheard' });
  const startedMs = performance.now();
  await answers.finish(300);
  expect(performance.now() - startedMs).toBeLessThan(1_500);
  await answers.finish(10_000);
  answers.answer({ chatId: 3, text: 'heard' });
  await answers.finish(10_000);
  expect((await client.ledger({ chatId: 3 })).map((item) => item.text)).toEqual(['heard']);
});

it('drops what is beyond a thousand chats at once', async ({ onTestFinished }) => {
  let asked = 0;
  const counting: KyselyPlugin = {
    transformQuery({ node }) {
      asked += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  // Each asks once whether it may be sent.
  await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: '' });
  onTestFinished(async () => void (await endPause(db, 'outage')));
  const answers = open(db.withPlugin(counting));
  for (let chatId = 1; chatId <= 1_100; chatId += 1) answers.answer({ chatId, text: 'hello' });
  await answers.finish(30_000);
  expect(asked).toBe(1_000);
});
