import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHtml } from '../src/bot-api/parse-html.ts';

const refusals: [html: string, reason: string][] = [
  ['<3', 'Unclosed start tag at byte offset 0'],
  ['I <3 you', 'Unsupported start tag "3" at byte offset 2'],
  ['Привет <3 >', 'Unsupported start tag "3" at byte offset 13'],
  ['a < b', 'Unsupported start tag "" at byte offset 2'],
  ['🏟 🏟&lt;<abac aba>', 'Unsupported start tag "abac" at byte offset 13'],
  ['<script>x</script>', 'Unsupported start tag "script" at byte offset 0'],
  ['<constructor>x</constructor>', 'Unsupported start tag "constructor" at byte offset 0'],
  ['<br>', 'Unsupported start tag "br" at byte offset 0'],
  ['<b/>', 'Unsupported start tag "b/" at byte offset 0'],
  ['<ж>x</ж>', 'Unsupported start tag "ж" at byte offset 0'],
  ['x <b', 'Unclosed start tag at byte offset 2'],
  ['<b', 'Unclosed start tag at byte offset 0'],
  ['<b>x', `Can't find end tag corresponding to start tag "b"`],
  ['<b><i>x</i>', `Can't find end tag corresponding to start tag "b"`],
  ['x</b>', 'Unexpected end tag at byte offset 1'],
  ['🏟 🏟&lt;<b></b></', 'Unexpected end tag at byte offset 20'],
  ['<i>a</i   ', 'Unclosed end tag at byte offset 4'],
  ['<i>a</em   >', 'Unmatched end tag at byte offset 4, expected "</i>", found "</em>"'],
  ['<b><i>x</b></i>', 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'],
  ['🏟 🏟&lt;<i   =aba>', 'Empty attribute name in the tag "i" at byte offset 13'],
  ['<a href', 'Unclosed start tag "a" at byte offset 0'],
  ['<a href="x"', 'Unclosed start tag at byte offset 0'],
  ['<a href="x>y</a>', 'Unclosed start tag at byte offset 0'],
  ['<a href=x/>y</a>', 'Unexpected end of name token at byte offset 8'],
  ['🏟 🏟&lt;<i    aba  =  ', 'Unclosed start tag "i" at byte offset 13'],
  ['🏟 🏟&lt;<i    aba  =  190azAz-.,', 'Unexpected end of name token at byte offset 27'],
  ['<span>x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<span class="red">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<tg-emoji emoji-id="x">y</tg-emoji>', 'Invalid custom emoji identifier specified'],
  [
    '&#xDFDF;',
    'Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units',
  ],
];

const texts: [html: string, text: string, entities: [type: string, offset: number, length: number][]][] = [
  ['', '', []],
  ['plain > text', 'plain > text', []],
  ['&lt;&gt;&amp;&quot;&laquo;&#12345678;', '<>&"&laquo;&#12345678;', []],
  ['a & b &amp;lt; &lt &', 'a & b &lt; < &', []],
  ['&#60;&#x3c;&#x1F600;&#0;&#X41;', '<<😀&#0;&#X41;', []],
  [
    '➡️ ➡️<i>➡️ ➡️</i><b>➡️ ➡️</b>',
    '➡️ ➡️➡️ ➡️➡️ ➡️',
    [
      ['italic', 5, 5],
      ['bold', 10, 5],
    ],
  ],
  [
    '🏟 🏟<i>🏟 &gt;<b aba   =   caba>&lt🏟</b></i>',
    '🏟 🏟🏟 ><🏟',
    [
      ['italic', 5, 7],
      ['bold', 9, 3],
    ],
  ],
  [
    '<STRONG>a</strong><em>b</EM><ins>c</ins>',
    'abc',
    [
      ['bold', 0, 1],
      ['italic', 1, 1],
      ['underline', 2, 1],
    ],
  ],
  [
    '<s>a</s><strike>b</strike><del>c</del>',
    'abc',
    [
      ['strikethrough', 0, 1],
      ['strikethrough', 1, 1],
      ['strikethrough', 2, 1],
    ],
  ],
  [
    '<code><i><b> </b></i></code>',
    ' ',
    [
      ['code', 0, 1],
      ['bold', 0, 1],
      ['italic', 0, 1],
    ],
  ],
  ['<b></b>x', 'x', []],
  ['<i>a</>', 'a', [['italic', 0, 1]]],
  [
    '<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>',
    'ab',
    [
      ['spoiler', 0, 1],
      ['spoiler', 1, 1],
    ],
  ],
  [
    '<blockquote>a<pre>b</pre></blockquote>',
    'ab',
    [
      ['blockquote', 0, 2],
      ['pre', 1, 1],
    ],
  ],
  ['<blockquote expandable>a</blockquote>', 'a', [['expandable_blockquote', 0, 1]]],
  ['<a>no link</a>', 'no link', []],
];

describe('parseHtml', () => {
  it.each(refusals)('refuses %s', (html, reason) => {
    expect(parseHtml(html)).toEqual({ ok: false, reason });
  });

  it.each(texts)('reads %s', (html, text, entities) => {
    const expected = entities.map(([type, offset, length]) => ({ type, offset, length }));
    expect(parseHtml(html)).toEqual({ ok: true, text, entities: expected });
  });

  it.each([
    ['<a href="telegram.org?&lt;&quot;">x</a>', { type: 'text_link', url: 'http://telegram.org/?<"' }],
    ['<a>https://telegram.org/a</a>', { type: 'text_link', url: 'https://telegram.org/a' }],
    [
      '<a href="tg://user?id=42">x</a>',
      { type: 'text_mention', user: { id: 42, is_bot: false, first_name: 'User' } },
    ],
    ['<pre><code class="language-ts">x</code></pre>', { type: 'pre', language: 'ts' }],
    ['<code class="language-ts"><pre>x</pre></code>', { type: 'pre', language: 'ts' }],
    ['<code class="language-ts">x</code>', { type: 'code' }],
    ['<tg-emoji emoji-id="54321">👍</tg-emoji>', { type: 'custom_emoji', custom_emoji_id: '54321' }],
  ])('reads the attributes of %s', (html, entity) => {
    const parsed = parseHtml(html);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.entities).toEqual([{ ...entity, offset: 0, length: parsed.text.length }]);
  });

  it('gives back any escaped text exactly, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        expect(parseHtml(`<b>${escaped}</b>`)).toEqual({
          ok: true,
          text,
          entities: [{ type: 'bold', offset: 0, length: text.length }],
        });
      }),
    );
  });

  it('ends for any input, with a text or a reason', () => {
    const markup = fc.array(
      fc.oneof(
        fc.constantFrom(
          '<',
          '>',
          '</',
          '&',
          ';',
          '"',
          "'",
          '=',
          ' ',
          'b',
          'a href',
          '&#',
          '&lt',
          'span',
          'class',
        ),
        fc.string({ unit: 'grapheme' }),
      ),
    );
    fc.assert(
      fc.property(markup, (parts) => {
        const parsed = parseHtml(parts.join(''));
        if (parsed.ok) expect(parsed.text.isWellFormed()).toBe(true);
        else expect(parsed.reason).not.toBe('');
      }),
    );
  });
});
