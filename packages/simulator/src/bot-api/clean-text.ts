import type { MessageEntity } from '../contract.ts';

export type Text = { text: string; entities: MessageEntity[] };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here
const REPLACED_BY_SPACE = /[\u0000-\u0009\u000b\u000c\u000e-\u001f]/g;
/** Carriage return, line and paragraph separators, direction overrides, and vertical lines over a letter. */
const REMOVED = /[\r\u2028-\u202e]|\u0333|\u033f|\u030a/g;
/** All but the last of a run of direction marks become zero-width non-joiners. */
const MARKS_BEFORE_MARK = /[\u200e\u200f]+(?=[\u200e\u200f])/g;

/** The text as Telegram keeps it (tdlib, `fix_formatted_text`): control characters and outer white space are gone. */
export function cleanText({ text, entities }: Text): Text {
  const spaced = text.replace(REPLACED_BY_SPACE, ' ');
  const removedAt = Array.from(spaced.matchAll(REMOVED), (match) => match.index);
  const cleaned = spaced
    .replace(REMOVED, '')
    .replace(MARKS_BEFORE_MARK, (marks) => '\u200c'.repeat(marks.length));

  let end = cleaned.length;
  while (end > 0 && isBlank(cleaned, end - 1)) end -= 1;
  const firstEntity = Math.min(...entities.map(({ offset }) => offset - countBelow(removedAt, offset)), end);
  let start = 0;
  while (start < firstEntity && isBlank(cleaned, start)) start += 1;
  const moved = entities.flatMap((entity) => {
    const from = entity.offset - countBelow(removedAt, entity.offset);
    const entityEnd = entity.offset + entity.length;
    const to = Math.min(entityEnd - countBelow(removedAt, entityEnd), end);
    return to > from ? [{ ...entity, offset: from - start, length: to - from }] : [];
  });
  return { text: cleaned.slice(start, end), entities: moved };
}

function isBlank(text: string, at: number): boolean {
  const character = text.charAt(at);
  return character === ' ' || character === '\n';
}

function countBelow(positions: number[], limit: number): number {
  let count = 0;
  while (count < positions.length && (positions[count] ?? limit) < limit) count += 1;
  return count;
}
