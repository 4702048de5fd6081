import { describe, expect, it } from 'vitest';
import { startSimulator } from './running-simulator.ts';

const html = '📝 Тема: <b>&lt;3 &amp; "x"</b>';
const replyMarkup = {
  inline_keyboard: [
    [{ text: 'Open', web_app: { url: 'https://app.example.com/?startapp=support_ticket_1' } }],
  ],
};

describe('sendMessage', () => {
  it('answers with the message and puts it into the ledger', async () => {
    const { api, client } = await startSimulator();
    const message = await api.sendMessage(42, html, {
      parse_mode: 'HTML',
      reply_markup: replyMarkup,
      link_preview_options: { is_disabled: true },
      disable_notification: true,
      protect_content: true,
    });
    const entities = [{ type: 'bold', offset: 9, length: 8 }];
    expect(message).toEqual({
      message_id: 1,
      from: { id: 1, is_bot: true, first_name: 'Replybell', username: 'replybell_demo_bot' },
      chat: { id: 42, first_name: 'User', type: 'private' },
      date: expect.any(Number),
      text: '📝 Тема: <3 & "x"',
      entities,
      reply_markup: replyMarkup,
    });
    expect(await client.ledger()).toEqual([
      {
        seq: 1,
        atMs: expect.any(Number),
        chatId: 42,
        messageId: 1,
        text: '📝 Тема: <3 & "x"',
        entities,
        html,
        replyMarkup,
        fault: null,
      },
    ]);
  });

  it('refuses in the words of Telegram and accepts nothing', async () => {
    const { api, client } = await startSimulator({ knowsEveryUser: false });
    await client.changeChat(42, {});
    const refusalOf = (chatId: number | string, text: string) =>
      api.sendMessage(chatId, text, { parse_mode: 'HTML' }).then(
        () => 'accepted',
        (error: { description: string }) => error.description,
      );
    expect(await refusalOf(42, 'я <b>')).toBe(
      `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`,
    );
    expect(await refusalOf(42, '')).toBe('Bad Request: message text is empty');
    expect(await refusalOf('', 'x')).toBe('Bad Request: chat_id is empty');
    expect(await refusalOf(43, 'x')).toBe('Bad Request: chat not found');
    expect(await refusalOf('@nobody', 'x')).toBe('Bad Request: chat not found');
    expect(await refusalOf(-100_123, 'x')).toBe('Bad Request: chat not found');
    expect(await client.ledger()).toEqual([]);
  });

  it('knows who has blocked the bot, never started it, or is gone', async () => {
    const { api, client } = await startSimulator();
    const refusal = () =>
      api.sendMessage(42, 'x').then(
        () => null,
        ({ error_code, description }) => `${error_code} ${description}`,
      );
    await client.changeChat(42, { started: false });
    expect(await refusal()).toBe("403 Forbidden: bot can't initiate conversation with a user");
    await client.changeChat(42, { started: true, blocked: true });
    expect(await refusal()).toBe('403 Forbidden: bot was blocked by the user');
    await client.changeChat(42, { blocked: false, deactivated: true });
    expect(await refusal()).toBe('403 Forbidden: user is deactivated');
    await client.changeChat(42, { deactivated: false });
    expect(await refusal()).toBeNull();
  });

  it('takes its parameters from a query, JSON, a form or multipart', async () => {
    const { simulator, client } = await startSimulator();
    const address = `${simulator.url}/bot${simulator.token}/SendMessage`;
    const fields = {
      chat_id: '42',
      text: '<b>x</b>',
      parse_mode: 'html',
      reply_markup: JSON.stringify(replyMarkup),
    };
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const requests = [
      fetch(`${address}?${new URLSearchParams(fields)}`),
      fetch(address, { method: 'POST', body: new URLSearchParams(fields) }),
      fetch(address, { method: 'POST', body: form }),
      fetch(address, {
        method: 'POST',
        body: JSON.stringify({ ...fields, chat_id: 42 }),
        headers: { 'content-type': 'application/json' },
      }),
    ];
    for (const response of await Promise.all(requests)) expect(response.status).toBe(200);
    for (const item of await client.waitForMessages(4)) {
      expect(item).toMatchObject({ chatId: 42, text: 'x', html: '<b>x</b>', replyMarkup });
    }
  });

  it('refuses bytes that are not UTF-8', async () => {
    const { simulator } = await startSimulator();
    const response = await fetch(`${simulator.url}/bot${simulator.token}/sendMessage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"chat_id":42,"text":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    });
    expect(await response.json()).toEqual({
      ok: false,
      error_code: 400,
      description: 'Bad Request: strings must be encoded in UTF-8',
    });
  });

  it('changes a message that is edited', async () => {
    const { api, client } = await startSimulator();
    const { message_id } = await api.sendMessage(42, 'before');
    await api.editMessageText(42, message_id, '<i>after</i>', { parse_mode: 'HTML' });
    expect(await client.ledger()).toMatchObject([{ messageId: message_id, text: 'after' }]);
    await expect(api.editMessageText(42, 99, 'x')).rejects.toThrow('message to edit not found');
  });
});

describe('the other answers', () => {
  it('tells a wrong token from none and an unknown method', async () => {
    const { simulator } = await startSimulator();
    const answerTo = async (path: string) => {
      const response = await fetch(`${simulator.url}${path}`);
      return { status: response.status, ...((await response.json()) as object) };
    };
    const notFound = { status: 404, ok: false, error_code: 404, description: 'Not Found' };
    expect(await answerTo('/bot2:wrong/getMe')).toEqual({
      status: 401,
      ok: false,
      error_code: 401,
      description: 'Unauthorized',
    });
    expect(await answerTo('/botnonsense/getMe')).toEqual(notFound);
    expect(await answerTo('/elsewhere')).toEqual(notFound);
    expect(await answerTo(`/bot${simulator.token}/getNothing`)).toMatchObject({
      status: 404,
      description: 'Not Found: method not found',
    });
  });

  it('knows itself and its chats', async () => {
    const { api, client } = await startSimulator({ token: '123456:abc', username: 'my_bot' });
    await client.changeChat(42, { firstName: 'Мария', username: 'maria' });
    await client.changeChat(-100_5, { firstName: 'Team' });
    expect(await api.getMe()).toMatchObject({ id: 123456, is_bot: true, username: 'my_bot' });
    expect(await api.getChat(42)).toEqual({
      id: 42,
      first_name: 'Мария',
      username: 'maria',
      type: 'private',
    });
    expect(await api.getChat(-100_5)).toEqual({ id: -1005, title: 'Team', type: 'supergroup' });
    expect(await api.setMyCommands([{ command: 'start', description: 'Start' }])).toBe(true);
    expect(await api.answerCallbackQuery('1')).toBe(true);
  });
});
