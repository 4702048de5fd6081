import { describe, expect, it } from 'vitest';
import { refuseMarkup } from '../src/bot-api/reply-markup.ts';

const inPrivate = { isPrivateChat: true, allowHttpWebApps: false };
const keyboard = (button: unknown) => ({ inline_keyboard: [[button]] });

describe('refuseMarkup', () => {
  it.each([
    { text: 'x', web_app: { url: 'https://app.example.com/?startapp=support_ticket_123' } },
    { text: 'x', url: 'https://t.me/bot/app?startapp=support_ticket_123' },
    { text: 'x', url: 'example.com' },
    { text: 'x', url: 'http://127.0.0.1:3000/' },
    { text: 'x', url: 'tg://user?id=42' },
    { text: 'x', callback_data: 'y' },
  ])('accepts %j', (button) => {
    expect(refuseMarkup(keyboard(button), inPrivate)).toBeNull();
  });

  it.each([
    [
      { text: 'x', url: 'http://localhost:3000/' },
      "inline keyboard button URL 'http://localhost:3000/' is invalid: Wrong HTTP URL",
    ],
    [
      { text: 'x', url: 'ftp://a.b' },
      "inline keyboard button URL 'ftp://a.b' is invalid: Unsupported URL protocol",
    ],
    [{ text: 'x', url: 'https://' }, "inline keyboard button URL 'https://' is invalid: URL host is empty"],
    [
      { text: 'x', url: 'https://a b.c' },
      "inline keyboard button URL 'https://a b.c' is invalid: Disallowed character in URL host",
    ],
    [
      { text: 'x', url: 'https://a.b:99999' },
      "inline keyboard button URL 'https://a.b:99999' is invalid: Wrong port number specified in the URL",
    ],
    [
      { text: 'x', web_app: { url: 'http://a.b' } },
      "inline keyboard button Web App URL 'http://a.b' is invalid: Only HTTPS links are allowed",
    ],
    [
      { text: 'x', web_app: { url: 'https://localhost' } },
      "inline keyboard button Web App URL 'https://localhost' is invalid: Wrong HTTP URL",
    ],
    [{ text: 'x', callback_data: 'я'.repeat(33) }, 'BUTTON_DATA_INVALID'],
    [{ text: 'x' }, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"],
    [{ url: 'https://a.b' }, 'can\'t parse inline keyboard button: Field "text" must be of type String'],
    [{ text: ' ', url: 'https://a.b' }, 'inline keyboard button text must be non-empty'],
    [
      { text: 'x', url: 'https://a.b', callback_data: 'y' },
      "can't parse inline keyboard button: Exactly one action is expected, got url, callback_data",
    ],
  ])('refuses %j', (button, reason) => {
    expect(refuseMarkup(keyboard(button), inPrivate)).toBe(reason);
  });

  it('refuses a Mini App button outside of private chats', () => {
    const button = { text: 'x', web_app: { url: 'https://a.b' } };
    expect(refuseMarkup(keyboard(button), { ...inPrivate, isPrivateChat: false })).toBe(
      'BUTTON_TYPE_INVALID',
    );
  });

  it('accepts plain http for Mini Apps where it was asked to', () => {
    const button = { text: 'x', web_app: { url: 'http://127.0.0.1:3000/' } };
    expect(refuseMarkup(keyboard(button), { ...inPrivate, allowHttpWebApps: true })).toBeNull();
  });
});
