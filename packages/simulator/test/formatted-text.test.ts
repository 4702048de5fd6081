import { describe, expect, it } from 'vitest';
import { readFormattedText } from '../src/bot-api/formatted-text.ts';

describe('readFormattedText', () => {
  it.each([
    ['   <b>x</b>  \n', 'x', [{ type: 'bold', offset: 0, length: 1 }]],
    ['<b>  x  </b>', '  x', [{ type: 'bold', offset: 0, length: 3 }]],
    ['a\r\nb <i>c\td</i>', 'a\nb c d', [{ type: 'italic', offset: 4, length: 3 }]],
    ['\u202eabc<b>d</b>', 'abcd', [{ type: 'bold', offset: 3, length: 1 }]],
    ['\u200f\u200f\u200eabc', '\u200c\u200c\u200eabc', []],
  ])('cleans %j as Telegram does', (text, cleaned, entities) => {
    expect(readFormattedText({ text, parse_mode: 'HTML' })).toEqual({ ok: true, text: cleaned, entities });
  });

  it.each([
    ['', 'message text is empty'],
    ['  \n ', 'text must be non-empty'],
    ['<b></b>', 'text must be non-empty'],
    ['a\u0000b', 'strings must be encoded in UTF-8'],
    ['a\ud800b', 'strings must be encoded in UTF-8'],
    ['x'.repeat(4097), 'message is too long'],
    ['😀'.repeat(2049), 'message is too long'],
    ['<3>', `can't parse entities: Unsupported start tag "3" at byte offset 0`],
  ])('refuses %j', (text, reason) => {
    expect(readFormattedText({ text, parse_mode: 'HTML' })).toEqual({ ok: false, reason });
  });

  it('counts the 4,096 characters after parsing', () => {
    const text = `<b>${'&lt;'.repeat(4096)}</b>`;
    expect(readFormattedText({ text, parse_mode: 'HTML' })).toMatchObject({ ok: true });
  });

  it('leaves markup alone without a parse_mode, and knows no other than HTML', () => {
    expect(readFormattedText({ text: '<3' })).toEqual({ ok: true, text: '<3', entities: [] });
    expect(readFormattedText({ text: '*x*', parse_mode: 'MarkdownV2' })).toMatchObject({ ok: false });
  });
});
