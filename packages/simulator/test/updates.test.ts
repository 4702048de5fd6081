import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from './running-simulator.ts';

describe('getUpdates', () => {
  it('waits until the user writes, and gives an update until it is confirmed', async () => {
    const { api, client } = await startSimulator();
    const waiting = api.getUpdates({ timeout: 10 });
    await client.actAsUser(42, { text: '/start abc' });
    const [update] = await waiting;
    expect(update).toMatchObject({
      message: {
        text: '/start abc',
        from: { id: 42, is_bot: false, language_code: 'ru' },
        chat: { id: 42, type: 'private' },
        entities: [{ type: 'bot_command', offset: 0, length: 6 }],
      },
    });
    expect(await api.getUpdates()).toEqual([update]);
    expect(await api.getUpdates({ offset: (update?.update_id ?? 0) + 1 })).toEqual([]);
    expect(await api.getUpdates()).toEqual([]);
  });

  it('answers with none when its timeout has passed', async () => {
    const { api } = await startSimulator();
    const startedMs = performance.now();
    expect(await api.getUpdates({ timeout: 1 })).toEqual([]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  it('ends an earlier poll with 409', async () => {
    const { api, client } = await startSimulator();
    const earlier = api.getUpdates({ timeout: 10 });
    const refused = expect(earlier).rejects.toMatchObject({ error_code: 409 });
    const later = api.getUpdates({ timeout: 10 });
    await refused;
    await client.actAsUser(42, { text: 'x' });
    expect(await later).toHaveLength(1);
  });

  it('tells of blocking and unblocking, and of pressed buttons', async () => {
    const { api, client } = await startSimulator();
    await client.changeChat(42, { blocked: true });
    await client.changeChat(42, { blocked: true });
    await client.changeChat(42, { blocked: false });
    await client.actAsUser(42, { callback: { messageId: 7, data: 'yes' } });
    const statuses = { member: { status: 'member' }, kicked: { status: 'kicked' } };
    expect(await api.getUpdates()).toMatchObject([
      { my_chat_member: { old_chat_member: statuses.member, new_chat_member: statuses.kicked } },
      { my_chat_member: { old_chat_member: statuses.kicked, new_chat_member: statuses.member } },
      { callback_query: { data: 'yes', from: { id: 42 }, message: { message_id: 7 } } },
    ]);
  });

  it('takes a user who writes as one who has started and unblocked the bot', async () => {
    const { api, client } = await startSimulator();
    await client.changeChat(42, { blocked: true, started: false });
    await client.actAsUser(42, { text: '/start' });
    await api.sendMessage(42, 'welcome back');
    expect((await api.getUpdates()).map((update) => Object.keys(update)[1])).toEqual([
      'my_chat_member',
      'my_chat_member',
      'message',
    ]);
  });

  it('gives only the wanted kinds', async () => {
    const { api, client } = await startSimulator();
    await api.getUpdates({ allowed_updates: ['my_chat_member'] });
    await client.actAsUser(42, { text: 'x' });
    await client.changeChat(42, { blocked: true });
    expect(await api.getUpdates()).toMatchObject([{ my_chat_member: {} }]);
  });
});

describe('the webhook', () => {
  it('gets updates in order with the secret token, and again until it answers 2xx', async () => {
    const { api, client } = await startSimulator();
    const received: { secret: unknown; text: string; status: number }[] = [];
    const statuses = [500, 200, 200];
    const server = createServer(async (request: IncomingMessage, response) => {
      const update = JSON.parse(await text(request));
      const status = statuses.shift() ?? 200;
      const secret = request.headers['x-telegram-bot-api-secret-token'];
      received.push({ secret, text: update.message.text, status });
      response.writeHead(status).end();
      server.emit('update');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/telegram/webhook`;

    const waiting = api.getUpdates({ timeout: 10 });
    const ended = expect(waiting).rejects.toMatchObject({ error_code: 409 });
    await api.setWebhook(url, { secret_token: 'a-secret' });
    await ended;
    await expect(api.getUpdates()).rejects.toMatchObject({ error_code: 409 });
    await client.actAsUser(42, { text: 'one' });
    await client.actAsUser(42, { text: 'two' });
    while (received.length < 3) await once(server, 'update');
    expect(received).toEqual([
      { secret: 'a-secret', text: 'one', status: 500 },
      { secret: 'a-secret', text: 'one', status: 200 },
      { secret: 'a-secret', text: 'two', status: 200 },
    ]);
    expect(await api.getWebhookInfo()).toMatchObject({
      url,
      last_error_message: 'Wrong response from the webhook: 500 Internal Server Error',
    });
    await api.deleteWebhook();
    expect(await api.getUpdates()).toEqual([]);
  });
});
