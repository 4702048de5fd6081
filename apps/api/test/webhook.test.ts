import { createSimulator, createSimulatorClient } from '@replybell/simulator';
import { afterAll, expect, test } from 'vitest';
import { openBeside, useTestApp } from './test-app.ts';

const secret = 'a_secret-for-the-webhook-of-tests';
const asTelegram = { 'x-telegram-bot-api-secret-token': secret };
const simulator = await createSimulator();
afterAll(() => simulator.close());
const api = await useTestApp({
  BOT_TOKEN: simulator.token,
  TELEGRAM_API_ROOT: simulator.url,
  TELEGRAM_CHAT_INTERVAL_MS: '0',
  TELEGRAM_UPDATES: 'webhook',
  TELEGRAM_WEBHOOK_SECRET: secret,
});

function start(updateId: number, telegramId: number, token: string) {
  const chat = { id: telegramId, type: 'private', first_name: 'Anna' };
  const from = { id: telegramId, is_bot: false, first_name: 'Anna', language_code: 'en' };
  const text = `/start ${token}`;
  return { update_id: updateId, message: { message_id: 1, date: 0, chat, from, text } };
}

async function createLink(): Promise<{ userId: number; token: string }> {
  const { body: user } = await api.call('POST', '/api/admin/users', { username: 'anna' });
  const { body: link } = await api.call('POST', `/api/admin/users/${user.id}/telegram-link`);
  return { userId: user.id, token: new URL(link.url).searchParams.get('start') ?? '' };
}

const telegramIdOf = async (userId: number) =>
  (await api.call('GET', `/api/admin/users/${userId}`)).body.telegramId;

test('Telegram drives the whole flow: linked, blocked, unblocked, muted', async () => {
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const url = encodeURIComponent(`${address}/telegram/webhook`);
  await fetch(`${simulator.url}/bot${simulator.token}/setWebhook?url=${url}&secret_token=${secret}`);
  const client = createSimulatorClient(simulator.url);
  const { userId, token } = await createLink();
  const deliverability = async () =>
    (await api.call('GET', `/api/admin/users/${userId}`)).body.deliverability.status;
  const untilTaken = () => expect.poll(async () => (await client.stats()).pendingUpdates).toBe(0);

  await client.actAsUser(42, { text: `/start ${token}` });
  expect((await client.waitForMessages(1, { chatId: 42 }))[0]?.text).toContain('Аккаунт привязан');
  expect(await telegramIdOf(userId)).toBe(42);
  await client.changeChat(42, { blocked: true });
  await untilTaken();
  expect(await deliverability()).toBe('unreachable');
  await client.changeChat(42, { blocked: false });
  await untilTaken();
  expect(await deliverability()).toBe('reachable');
  await client.actAsUser(42, { text: '/stop' });
  await client.waitForMessages(2, { chatId: 42 });
  expect(await deliverability()).toBe('muted');
});

test.each([
  [70 * 1024, 200],
  [1_500 * 1024, 413],
])('an update of %i bytes is answered %i', async (bytes, status) => {
  const update = { update_id: 900, edited_message: { text: 'a'.repeat(bytes) } };
  const answer = await api.call('POST', '/telegram/webhook', update, asTelegram);
  expect(answer.status).toBe(status);
  if (status === 413) expect(answer.body.detail).toContain('1 MiB');
});

test('an update that comes many times at once is carried out once', async () => {
  const { userId, token } = await createLink();
  const update = start(1_001, 77, token);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.call('POST', '/telegram/webhook', update, asTelegram)),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
  expect(await telegramIdOf(userId)).toBe(77);
  const messages = await createSimulatorClient(simulator.url).waitForMessages(1, { chatId: 77 });
  expect(messages).toHaveLength(1);
});

test('nobody gets in without the secret, or with a wrong one', async () => {
  const { userId, token } = await createLink();
  const update = start(1_002, 78, token);
  for (const headers of [{}, { 'x-telegram-bot-api-secret-token': `${secret}x` }]) {
    expect(await api.call('POST', '/telegram/webhook', update, headers)).toMatchObject({
      status: 401,
      body: { code: 'webhook_secret_wrong' },
    });
  }
  expect(await telegramIdOf(userId)).toBeNull();
});

test.each([
  ['{"update_id":', 'malformed_request'],
  [{}, 'validation_failed'],
  [{ update_id: 'one' }, 'validation_failed'],
  [{ update_id: 1, message: { chat: { id: 'x', type: 'private' } } }, 'validation_failed'],
])('what is no update is refused: %j', async (body, code) => {
  expect(await api.call('POST', '/telegram/webhook', body, asTelegram)).toMatchObject({
    status: 400,
    body: { code },
  });
});

test('other updates are answered 200, or Telegram would bring them again and again', async () => {
  const edited = { update_id: 1_003, edited_message: { message_id: 1 } };
  expect((await api.call('POST', '/telegram/webhook', edited, asTelegram)).status).toBe(200);
});

test('while the database is away Telegram is asked to come again', async () => {
  const away = await openBeside(api, { DATABASE_URL: 'postgres://127.0.0.1:1/none' });
  const answer = await away.call('POST', '/telegram/webhook', start(1_004, 79, 'any'), asTelegram);
  expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
});

test('there is no webhook where updates are polled', async () => {
  const polling = await openBeside(api, { TELEGRAM_UPDATES: 'polling' });
  const answer = await polling.call('POST', '/telegram/webhook', start(1_005, 80, 'any'), asTelegram);
  expect(answer).toMatchObject({ status: 404, body: { code: 'webhook_off' } });
});
