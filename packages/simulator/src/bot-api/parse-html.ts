import type { MessageEntity } from '../contract.ts';
import { checkLink, linkedUserId } from './link.ts';

/** Text without its markup and what the markup said, or Telegram's words about the first mistake. */
export type ParsedText =
  | { ok: true; text: string; entities: MessageEntity[] }
  | { ok: false; reason: string };

/** The entity that a tag stands for. `a`, `code`, `pre`, `span` and `tg-emoji` need their attributes too. */
const ENTITY_OF_TAG = new Map(
  Object.entries({
    a: 'text_link',
    b: 'bold',
    strong: 'bold',
    i: 'italic',
    em: 'italic',
    u: 'underline',
    ins: 'underline',
    s: 'strikethrough',
    strike: 'strikethrough',
    del: 'strikethrough',
    'tg-spoiler': 'spoiler',
    span: 'spoiler',
    'tg-emoji': 'custom_emoji',
    pre: 'pre',
    code: 'code',
    blockquote: 'blockquote',
  }),
);

/** Entities of the same range are listed in this order (tdlib, `MessageEntity::get_type_priority`). */
const ORDER = [
  'blockquote',
  'pre',
  'code',
  'text_link',
  'text_mention',
  'bold',
  'italic',
  'underline',
  'strikethrough',
  'spoiler',
  'custom_emoji',
];

const NAMED_REFERENCES = new Map(Object.entries({ lt: '<', gt: '>', amp: '&', quot: '"' }));

const BAD_SURROGATES =
  'Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units';

/** White space as tdlib's `is_space` sees it; the end of the text counts too. */
const SPACE = new Set([' ', '\t', '\r', '\n', '\u0000', '\u000b', '']);

const MARKUP = /[<&]/g;

type OpenTag = { name: string; argument: string; textOffset: number };

type Tag = { ok: true; name: string; argument: string; end: number } | { ok: false; reason: string };

/**
 * Parses Telegram's HTML style strictly (core.telegram.org/bots/api#html-style; tdlib, `parse_html`). Offsets and
 * lengths of entities count UTF-16 code units of the text, offsets in reasons count UTF-8 bytes of `html`.
 */
export function parseHtml(html: string): ParsedText {
  const open: OpenTag[] = [];
  const entities: MessageEntity[] = [];
  let text = '';
  let at = 0;

  while (at < html.length) {
    const character = html.charAt(at);
    if (character === '&') {
      const reference = readReference(html, at);
      text += reference?.text ?? '&';
      at = reference?.end ?? at + 1;
    } else if (character !== '<') {
      MARKUP.lastIndex = at;
      const end = MARKUP.exec(html)?.index ?? html.length;
      text += html.slice(at, end);
      at = end;
    } else if (html.charAt(at + 1) === '/') {
      const tag = readEndTag(html, at, open.at(-1));
      if (!tag.ok) return tag;
      const opened = open.pop();
      if (opened !== undefined && text.length > opened.textOffset) {
        const reason = addEntity(entities, opened, text);
        if (reason !== null) return { ok: false, reason };
      }
      at = tag.end;
    } else {
      const tag = readStartTag(html, at);
      if (!tag.ok) return tag;
      open.push({ name: tag.name, argument: tag.argument, textOffset: text.length });
      at = tag.end;
    }
  }

  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    return { ok: false, reason: `Can't find end tag corresponding to start tag "${unclosed.name}"` };
  }
  if (!text.isWellFormed()) return { ok: false, reason: BAD_SURROGATES };
  for (const entity of entities) if (entity.type === 'code') delete entity.language;
  return { ok: true, text, entities: sortEntities(entities) };
}

/** Sorts by start, then longest first, then by Telegram's order of kinds. */
export function sortEntities(entities: MessageEntity[]): MessageEntity[] {
  return entities.sort((a, b) => a.offset - b.offset || b.length - a.length || rank(a) - rank(b));
}

function rank({ type }: MessageEntity): number {
  return ORDER.indexOf(type.replace('expandable_', ''));
}

function mistake(html: string, words: string, at: number, rest = ''): { ok: false; reason: string } {
  return { ok: false, reason: `${words} at byte offset ${Buffer.byteLength(html.slice(0, at))}${rest}` };
}

function skipSpace(html: string, from: number): number {
  let at = from;
  while (at < html.length && SPACE.has(html.charAt(at))) at += 1;
  return at;
}

function skipWord(html: string, from: number): number {
  let at = from;
  while (!SPACE.has(html.charAt(at)) && html.charAt(at) !== '>') at += 1;
  return at;
}

function readStartTag(html: string, begin: number): Tag {
  let at = skipWord(html, begin + 1);
  if (at >= html.length) return mistake(html, 'Unclosed start tag', begin);
  const name = lowerAscii(html.slice(begin + 1, at));
  if (!ENTITY_OF_TAG.has(name)) return mistake(html, `Unsupported start tag "${name}"`, begin);

  let argument = '';
  for (at = skipSpace(html, at); html.charAt(at) !== '>'; at = skipSpace(html, at)) {
    const attribute = readAttribute(html, at, name, begin);
    if (!attribute.ok) return attribute;
    argument = argumentOf(name, attribute) ?? argument;
    at = attribute.end;
  }
  if (name === 'span' && argument !== 'spoiler') {
    return mistake(html, 'Tag "span" must have class "tg-spoiler"', begin);
  }
  return { ok: true, name, argument, end: at + 1 };
}

type Attribute = { ok: true; name: string; value: string; end: number } | { ok: false; reason: string };

function readAttribute(html: string, begin: number, tagName: string, tagBegin: number): Attribute {
  let at = begin;
  while (!SPACE.has(html.charAt(at)) && !`=>/"'`.includes(html.charAt(at))) at += 1;
  const name = html.slice(begin, at);
  if (name === '') return mistake(html, `Empty attribute name in the tag "${tagName}"`, tagBegin);
  at = skipSpace(html, at);
  if (at < html.length && html.charAt(at) !== '=') return { ok: true, name, value: '', end: at };
  at = skipSpace(html, at + 1);
  if (at >= html.length) return mistake(html, `Unclosed start tag "${tagName}"`, tagBegin);

  const quote = html.charAt(at);
  if (quote !== '"' && quote !== "'") {
    const token = /^[a-z\d.-]*/i.exec(html.slice(at))?.[0] ?? '';
    const end = at + token.length;
    if (!SPACE.has(html.charAt(end)) && html.charAt(end) !== '>') {
      return mistake(html, 'Unexpected end of name token', at);
    }
    if (end >= html.length) return mistake(html, 'Unclosed start tag', tagBegin);
    return { ok: true, name, value: lowerAscii(token), end };
  }
  let value = '';
  at += 1;
  while (at < html.length && html.charAt(at) !== quote) {
    const reference = html.charAt(at) === '&' ? readReference(html, at) : null;
    value += reference?.text ?? html.charAt(at);
    at = reference?.end ?? at + 1;
  }
  if (at + 1 >= html.length) return mistake(html, 'Unclosed start tag', tagBegin);
  return { ok: true, name, value, end: at + 1 };
}

/** What of an attribute matters for its tag, or null. */
function argumentOf(tagName: string, attribute: { name: string; value: string }): string | null {
  const { name, value } = attribute;
  if (tagName === 'a' && name === 'href') return value;
  if (tagName === 'tg-emoji' && name === 'emoji-id') return value;
  if (tagName === 'blockquote' && name === 'expandable') return 'expandable';
  if (tagName === 'code' && name === 'class' && value.startsWith('language-')) return value.slice(9);
  if (tagName === 'span' && name === 'class' && value.startsWith('tg-')) return value.slice(3);
  return null;
}

function readEndTag(html: string, begin: number, opened: OpenTag | undefined): Tag {
  if (opened === undefined) return mistake(html, 'Unexpected end tag', begin);
  const nameEnd = skipWord(html, begin + 2);
  const name = lowerAscii(html.slice(begin + 2, nameEnd));
  const at = skipSpace(html, nameEnd);
  if (html.charAt(at) !== '>') return mistake(html, 'Unclosed end tag', begin);
  if (name !== '' && name !== opened.name) {
    return mistake(html, 'Unmatched end tag', begin, `, expected "</${opened.name}>", found "</${name}>"`);
  }
  return { ok: true, name: opened.name, argument: '', end: at + 1 };
}

/** Decodes `&lt;`, `&gt;`, `&amp;`, `&quot;` and numeric references; null leaves the `&` as it is. */
function readReference(html: string, begin: number): { text: string; end: number } | null {
  const found = /^&(?:#(?:x([\da-f]*)|(\d*))|([a-z]*))(;?)/i.exec(html.slice(begin, begin + 16));
  if (found === null || found[0].startsWith('&#X')) return null;
  const [whole, hex, decimal, name = '', semicolon = ''] = found;
  const end = begin + whole.length;
  if (hex === undefined && decimal === undefined) {
    const text = NAMED_REFERENCES.get(name);
    return text === undefined ? null : { text, end };
  }
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const isTooLong = whole.length - semicolon.length >= 10;
  if (!(code > 0) || code >= 0x10ffff || isTooLong) return null;
  return { text: String.fromCodePoint(code), end };
}

/** Adds what a closed tag stands for. Returns Telegram's words when its argument is wrong. */
function addEntity(entities: MessageEntity[], tag: OpenTag, text: string): string | null {
  const offset = tag.textOffset;
  const length = text.length - offset;
  const type = ENTITY_OF_TAG.get(tag.name) ?? tag.name;
  const last = entities.at(-1);
  const inner = last?.offset === offset && last.length === length ? last : undefined;

  switch (tag.name) {
    case 'a': {
      const link = toLink(tag.argument === '' ? text.slice(offset) : tag.argument);
      if (link !== null) entities.push({ ...link, offset, length });
      return null;
    }
    case 'tg-emoji': {
      if (!/^-?0*[1-9]\d{0,18}$/.test(tag.argument)) return 'Invalid custom emoji identifier specified';
      entities.push({ type, offset, length, custom_emoji_id: tag.argument });
      return null;
    }
    case 'pre': {
      // A language is given as <pre><code class="language-…">, in either order.
      if (inner?.type === 'code' && inner.language !== undefined) inner.type = 'pre';
      else entities.push({ type, offset, length });
      return null;
    }
    case 'code': {
      if (inner?.type === 'pre' && inner.language === undefined && tag.argument !== '') {
        inner.language = tag.argument;
      } else {
        entities.push({ type, offset, length, ...(tag.argument === '' ? {} : { language: tag.argument }) });
      }
      return null;
    }
    case 'blockquote': {
      entities.push({ type: tag.argument === '' ? type : 'expandable_blockquote', offset, length });
      return null;
    }
    default: {
      entities.push({ type, offset, length });
      return null;
    }
  }
}

/** The entity of a link, without its place; null when the address is no link, which then is plain text. */
function toLink(address: string): Omit<MessageEntity, 'offset' | 'length'> | null {
  const userId = linkedUserId(address);
  if (userId !== null) {
    return { type: 'text_mention', user: { id: userId, is_bot: false, first_name: 'User' } };
  }
  const link = checkLink(address);
  return link.ok ? { type: 'text_link', url: link.url } : null;
}

/** Only ASCII letters: other letters must stay apart, as they do in tdlib. */
function lowerAscii(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
