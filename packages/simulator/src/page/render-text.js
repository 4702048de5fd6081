// Builds a message's text from its entities: text nodes only, so no user's text is ever read as markup.

const TAGS = {
  bold: 'b',
  italic: 'i',
  underline: 'u',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  expandable_blockquote: 'blockquote',
  text_link: 'a',
  spoiler: 'span',
};

/**
 * A fragment that shows `text` with its entities, which are sorted and nested as the Bot API gives them; offsets
 * count UTF-16 code units, as JavaScript's strings do.
 */
export function renderText(text, entities) {
  const fragment = document.createDocumentFragment();
  renderRange(fragment, text, [...entities], 0, text.length);
  return fragment;
}

function renderRange(parent, text, entities, from, to) {
  let at = from;
  while (entities.length > 0 && entities[0].offset < to) {
    const entity = entities.shift();
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (start > at) parent.append(text.slice(at, start));
    const element = createElement(entity);
    renderRange(element, text, entities, start, end);
    parent.append(element);
    at = end;
  }
  if (at < to) parent.append(text.slice(at, to));
}

function createElement(entity) {
  const element = document.createElement(TAGS[entity.type] ?? 'span');
  if (entity.type === 'spoiler') {
    element.className = 'spoiler';
    element.addEventListener('click', () => element.classList.add('shown'));
  }
  if (entity.type === 'text_link' && /^https?:/i.test(entity.url)) {
    element.href = entity.url;
    element.target = '_blank';
    element.rel = 'noopener noreferrer';
  }
  return element;
}
