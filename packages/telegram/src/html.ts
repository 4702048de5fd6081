/** Escapes text for Telegram's HTML parse mode: in text `&`, `<` and `>` must be written as entities. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** What a reader sees of a message's HTML, without its markup. Only for HTML made here. */
export function plainText(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:amp|lt|gt);/g, (entity) => entities[entity] ?? entity);
}

/** The length that Telegram counts: UTF-16 units after tags and entities are parsed. Only for HTML made here. */
export const parsedLength = (html: string): number => plainText(html).length;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cuts a text to at most `maxLength` UTF-16 units, between two graphemes, with an ellipsis where something is gone. */
export function cutAtGrapheme(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = 0;
  for (const { index, segment } of graphemes.segment(text)) {
    if (index + segment.length > maxLength - 1) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end)}…`;
}
