import { describe, expect, it } from 'vitest';
import { renderNotification } from '../src/index.ts';

const button = { webAppUrl: 'https://app.example.com', kind: 'web_app' } as const;
const notification = { ticketId: 123, subject: 'Проблема с балансом', locale: 'ru', telegramId: 777 };

describe('renderNotification', () => {
  it('writes the message and its button as agreed, in Russian', () => {
    expect(renderNotification(notification, button)).toEqual({
      chatId: 777,
      text: [
        '💬 <b>Новый ответ в тикете поддержки</b>',
        '',
        'Администратор ответил на ваш тикет <b>#123</b>',
        '',
        '📝 Тема: <b>Проблема с балансом</b>',
        '',
        'Откройте приложение для просмотра ответа 👇',
      ].join('\n'),
      button: {
        text: '📱 Открыть тикет',
        web_app: { url: 'https://app.example.com?startapp=support_ticket_123' },
      },
    });
  });

  it.each([
    ['en', 'New reply'],
    ['en-GB', 'New reply'],
    ['de', 'Новый ответ'],
    ['', 'Новый ответ'],
  ])('speaks the language of locale "%s"', (locale, words) => {
    expect(renderNotification({ ...notification, locale }, button).text).toContain(words);
  });

  it.each([
    ['ru', 2, '2 новых ответа'],
    ['ru', 5, '5 новых ответов'],
    ['ru', 11, '11 новых ответов'],
    ['ru', 21, '21 новый ответ'],
    ['ru', 22, '22 новых ответа'],
    ['en', 2, '2 new replies'],
  ])('tells in %s of %i replies at once, in the right plural', (locale, replies, words) => {
    const { text } = renderNotification({ ...notification, locale, replies }, button);
    expect(text.split('\n')[0]).toContain(`<b>${words} `);
    expect(text).toContain('<b>#123</b>');
  });

  it('lets the button open another system’s page of the ticket', () => {
    const buttonUrl = 'https://helpdesk.example.com/tickets/4711';
    expect(renderNotification({ ...notification, buttonUrl }, button).button).toEqual({
      text: '📱 Открыть тикет',
      url: buttonUrl,
    });
    expect(renderNotification({ ...notification, buttonUrl: null }, button).button).toHaveProperty('web_app');
  });

  it('writes large ticket numbers without separators', () => {
    expect(renderNotification({ ...notification, ticketId: 1_234_567 }, button).text).toContain('#1234567');
  });

  it('escapes the subject, and nothing else of it changes', () => {
    const subject = `I <3 you & "quotes" 'too' <b>bold</b> &lt; { $ticket } \u202Eabc 👨‍👩‍👧`;
    const { text } = renderNotification({ ...notification, subject }, button);
    expect(text).toContain(
      `<b>I &lt;3 you &amp; "quotes" 'too' &lt;b&gt;bold&lt;/b&gt; &amp;lt; { $ticket } \u202Eabc 👨‍👩‍👧</b>`,
    );
  });

  it('cuts a subject that is too long for Telegram between two graphemes', () => {
    const family = '👨‍👩‍👧';
    const { text } = renderNotification({ ...notification, subject: family.repeat(1_000) }, button);
    const parsed = text.replaceAll(/<\/?b>/g, '');
    expect(parsed.length).toBeLessThanOrEqual(4096);
    expect(parsed.length).toBeGreaterThan(4096 - family.length);
    expect(parsed).toMatch(new RegExp(`Тема: (?:${family})+…\n`));
  });

  it('cuts a subject no shorter than it must', () => {
    const { text } = renderNotification({ ...notification, subject: 'a'.repeat(5_000) }, button);
    expect(text.replaceAll(/<\/?b>/g, '')).toHaveLength(4096);
  });

  it('leaves a subject whole that just fits', () => {
    const room =
      4096 -
      renderNotification({ ...notification, subject: '' }, button).text.replaceAll(/<\/?b>/g, '').length;
    const fits = '&'.repeat(room);
    expect(renderNotification({ ...notification, subject: fits }, button).text).not.toContain('…');
    expect(renderNotification({ ...notification, subject: `${fits}&` }, button).text).toContain('&amp;…');
  });
});

describe('the button', () => {
  const urlOf = (options: Parameters<typeof renderNotification>[1], telegramId = 777) => {
    const made = renderNotification({ ...notification, telegramId }, options).button;
    return 'url' in made ? made.url : made.web_app.url;
  };

  it.each([
    ['https://app.example.com', 'https://app.example.com?startapp=support_ticket_123'],
    ['https://app.example.com/tickets', 'https://app.example.com/tickets?startapp=support_ticket_123'],
    ['https://app.example.com/?lang=ru', 'https://app.example.com/?lang=ru&startapp=support_ticket_123'],
    ['https://app.example.com/#/home', 'https://app.example.com/?startapp=support_ticket_123#/home'],
  ])('keeps the query and fragment of %s', (webAppUrl, url) => {
    expect(urlOf({ webAppUrl, kind: 'web_app' })).toBe(url);
    expect(urlOf({ webAppUrl, kind: 'url' })).toBe(url);
  });

  it('is a plain address in a group, where Telegram refuses web_app buttons', () => {
    expect(renderNotification({ ...notification, telegramId: -100 }, button).button).toHaveProperty('url');
  });

  it('can be a link to the Mini App in Telegram', () => {
    const link = { ...button, kind: 'direct_link', botUsername: 'reply_bot' } as const;
    expect(urlOf(link)).toBe('https://t.me/reply_bot?startapp=support_ticket_123');
    expect(urlOf({ ...link, shortName: 'tickets' })).toBe(
      'https://t.me/reply_bot/tickets?startapp=support_ticket_123',
    );
  });
});
