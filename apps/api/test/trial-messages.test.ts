import { pauseByOperator, pauseUntilProbed } from '@replybell/database';
import { tokenFingerprint } from '@replybell/telegram';
import { startSimulator } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openBeside, useTestApp } from './test-app.ts';

const BOT_TOKEN = '123456:AAcanary_token_of_the_api_test';

const simulator = await startSimulator({ BOT_TOKEN });
afterAll(async () => void (await simulator.stop()));
const api = await useTestApp({
  BOT_TOKEN,
  WEBAPP_URL: 'https://app.example.com',
  TELEGRAM_API_ROOT: simulator.url,
});
const { db } = api;
beforeEach(async () => {
  await simulator.client.reset();
  await sql`delete from delivery_pauses`.execute(db);
  await sql`delete from chat_slots`.execute(db);
});

const english = { 'accept-language': 'en' };
const preview = (body: object, of = api) => of.call('POST', '/api/admin/notifications/preview', body);
const test = (body: object, of = api) => of.call('POST', '/api/admin/notifications/test', body, english);

describe('the preview', () => {
  it('shows the message in every language, as HTML and as it reads', async () => {
    const { body: user } = await api.call('POST', '/api/admin/users', { username: 'anna', locale: 'en-GB' });
    const { body: ticket } = await api.call('POST', '/api/admin/tickets', {
      userId: user.id,
      subject: '5 < 6 & <b>7</b>',
      message: 'Why?',
    });
    const { status, body } = await preview({ ticketId: ticket.id });
    expect([status, body.userLocale, body.items.map((item: { locale: string }) => item.locale)]).toEqual([
      200,
      'en',
      ['ru', 'en'],
    ]);
    expect(body.items[0].html).toContain('📝 Тема: <b>5 &lt; 6 &amp; &lt;b&gt;7&lt;/b&gt;</b>');
    expect(body.items[1].text).toContain('📝 Subject: 5 < 6 & <b>7</b>\n');
    expect(body.items[1].button).toEqual({
      text: '📱 Open the ticket',
      url: `https://app.example.com?startapp=support_ticket_${ticket.id}`,
      opensInTelegram: true,
    });
  });

  it('shows one language if it is named', async () => {
    const { ticketId } = await api.openTicket();
    const { body } = await preview({ ticketId, locale: 'ru' });
    expect(body.items).toMatchObject([{ locale: 'ru', button: { text: '📱 Открыть тикет' } }]);
  });

  it('asks Telegram for the bot’s name where the button needs it', async () => {
    const { ticketId } = await api.openTicket();
    const other = await openBeside(api, { WEBAPP_BUTTON: 'direct_link' });
    await simulator.client.addFault({ kind: 'reset', method: 'getMe', times: 1 });
    expect(await preview({ ticketId }, other)).toMatchObject({
      status: 503,
      body: { code: 'telegram_unavailable' },
    });
    const { body } = await preview({ ticketId }, other);
    expect(body.items[0].button).toMatchObject({
      url: expect.stringContaining('https://t.me/'),
      opensInTelegram: false,
    });
  });

  it('refuses what it can’t show', async () => {
    const { ticketId } = await api.openTicket();
    expect(await preview({ ticketId: 999_999 })).toMatchObject({
      status: 404,
      body: { code: 'ticket_not_found' },
    });
    expect(await preview({ ticketId, locale: 'de' })).toMatchObject({ status: 400 });
    const other = await openBeside(api, { BOT_TOKEN: '', WEBAPP_URL: '' });
    expect(await preview({ ticketId }, other)).toMatchObject({
      status: 503,
      body: { code: 'bot_not_configured' },
    });
  });
});

describe('the test message', () => {
  it('arrives, in the language asked for', async () => {
    expect(await test({ telegramId: 901, locale: 'ru' })).toMatchObject({
      status: 200,
      body: { outcome: 'sent', reason: null, advice: null, telegramMessageId: expect.any(Number) },
    });
    expect(await simulator.client.ledger()).toMatchObject([
      { chatId: 901, text: expect.stringContaining('проверка') },
    ]);
  });

  it('tells what Telegram said, and what to do', async () => {
    await simulator.client.changeChat(902, { blocked: true });
    expect(await test({ telegramId: 902 })).toMatchObject({
      status: 200,
      body: {
        outcome: 'unreachable',
        reason: 'bot_blocked',
        reasonText: 'The user has blocked the bot.',
        advice: expect.stringContaining('unblock'),
        detail: expect.stringContaining('blocked by the user'),
        telegramMessageId: null,
      },
    });
  });

  it('goes out while an admin has paused deliveries, but not while the token is refused', async () => {
    await pauseByOperator(db, 'admin');
    expect(await test({ telegramId: 903 })).toMatchObject({ body: { outcome: 'sent' } });
    await pauseUntilProbed(db, {
      kind: 'token',
      reason: 'bot_token_refused',
      detail: 'Unauthorized',
      tokenFingerprint: tokenFingerprint(BOT_TOKEN),
    });
    expect(await test({ telegramId: 903 })).toMatchObject({
      status: 200,
      body: {
        outcome: 'not_sent',
        reason: 'bot_token_refused',
        advice: expect.stringContaining('BOT_TOKEN'),
      },
    });
  });

  it('answers in time when Telegram does not', async () => {
    await simulator.client.addFault({ kind: 'hang', times: 1 });
    expect(await test({ telegramId: 904 })).toMatchObject({
      status: 200,
      body: { outcome: 'unknown', reason: 'no_answer' },
    });
  });

  it('needs a bot and a Telegram id', async () => {
    const other = await openBeside(api, { BOT_TOKEN: '', WEBAPP_URL: '' });
    expect(await test({ telegramId: 905 }, other)).toMatchObject({ status: 503 });
    expect(await test({ telegramId: 0 })).toMatchObject({ status: 400 });
    expect(await test({})).toMatchObject({ status: 400 });
  });
});
