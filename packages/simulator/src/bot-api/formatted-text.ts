import type { MessageEntity } from '../contract.ts';
import { cleanText, type Text } from './clean-text.ts';
import { jsonParam, type Params, textParam } from './params.ts';
import { parseHtml, sortEntities } from './parse-html.ts';

/** core.telegram.org/bots/api#sendmessage: 1–4096 characters after entities parsing; UTF-16 code units. */
const MAX_TEXT_LENGTH = 4096;
const MAX_RAW_BYTES = 32_768;

/** The message's text with its entities, or what Telegram says about the first mistake. */
export type FormattedText = ({ ok: true } & Text) | { ok: false; reason: string };

/** Reads `text`, `parse_mode` and `entities`; parses, cleans and measures the text as Telegram does. */
export function readFormattedText(params: Params): FormattedText {
  const source = textParam(params, 'text');
  if (source === '') return { ok: false, reason: 'message text is empty' };
  // Telegram turns NUL into a space. The simulator refuses it: a sender that lets it through has a mistake.
  if (!source.isWellFormed() || source.includes('\u0000')) {
    return { ok: false, reason: 'strings must be encoded in UTF-8' };
  }
  if (Buffer.byteLength(source) > MAX_RAW_BYTES) return { ok: false, reason: 'text is too long' };

  const parsed = parse(source, textParam(params, 'parse_mode').toLowerCase(), jsonParam(params, 'entities'));
  if (!parsed.ok) return parsed;
  const cleaned = cleanText(parsed);
  if (cleaned.text === '') return { ok: false, reason: 'text must be non-empty' };
  if (cleaned.text.length > MAX_TEXT_LENGTH) return { ok: false, reason: 'message is too long' };
  return { ok: true, ...cleaned };
}

function parse(source: string, parseMode: string, given: unknown): FormattedText {
  switch (parseMode) {
    case '':
    case 'none':
      return { ok: true, text: source, entities: isEntities(given) ? sortEntities([...given]) : [] };
    case 'html': {
      const parsed = parseHtml(source);
      return parsed.ok ? parsed : { ok: false, reason: `can't parse entities: ${parsed.reason}` };
    }
    default:
      return { ok: false, reason: 'unsupported parse_mode' };
  }
}

function isEntities(value: unknown): value is MessageEntity[] {
  return (
    Array.isArray(value) &&
    value.every(
      (entity) =>
        typeof entity?.type === 'string' &&
        Number.isInteger(entity.offset) &&
        entity.offset >= 0 &&
        Number.isInteger(entity.length) &&
        entity.length > 0,
    )
  );
}
