import { checkLink } from './link.ts';

const ACTIONS = [
  'url',
  'callback_data',
  'callback_game',
  'pay',
  'switch_inline_query',
  'switch_inline_query_chosen_chat',
  'switch_inline_query_current_chat',
  'login_url',
  'web_app',
  'copy_text',
] as const;

type Action = (typeof ACTIONS)[number];

/** What the rules for buttons depend on besides the button. */
export type MarkupRules = {
  isPrivateChat: boolean;
  /** Accept http for Mini Apps too, as Telegram's test environment does. */
  allowHttpWebApps: boolean;
};

/** Telegram's words about the first mistake in a `reply_markup`, or null when it is accepted. */
export function refuseMarkup(markup: unknown, rules: MarkupRules): string | null {
  if (!isObject(markup)) return 'object expected as reply markup';
  const rows = markup['inline_keyboard'];
  if (rows === undefined) return null;
  if (!Array.isArray(rows)) return 'field "inline_keyboard" must be of type Array';
  for (const row of rows) {
    if (!Array.isArray(row)) return 'field "inline_keyboard" must be an Array of Arrays';
    for (const button of row) {
      const reason = refuseButton(button, rules);
      if (reason !== null) return reason;
    }
  }
  return null;
}

function refuseButton(button: unknown, rules: MarkupRules): string | null {
  const cannotParse = (words: string) => `can't parse inline keyboard button: ${words}`;
  if (!isObject(button)) return cannotParse('InlineKeyboardButton must be an Object');
  if (typeof button['text'] !== 'string') return cannotParse('Field "text" must be of type String');
  const actions = ACTIONS.filter((action) => button[action] !== undefined && button[action] !== '');
  const [action] = actions;
  if (action === undefined) return cannotParse('Text buttons are unallowed in the inline keyboard');
  // Telegram takes one of several; its documentation asks for exactly one, and so does the simulator.
  if (actions.length > 1) return cannotParse(`Exactly one action is expected, got ${actions.join(', ')}`);
  if (button['text'].trim() === '') return 'inline keyboard button text must be non-empty';
  return refuseAction(action, button[action], rules);
}

function refuseAction(action: Action, value: unknown, rules: MarkupRules): string | null {
  switch (action) {
    case 'url':
      return refuseUrl('inline keyboard button URL', String(value), false);
    case 'web_app': {
      const url = isObject(value) ? value['url'] : undefined;
      if (typeof url !== 'string') return `can't parse inline keyboard button: Can't find field "url"`;
      const reason = refuseUrl('inline keyboard button Web App URL', url, !rules.allowHttpWebApps);
      if (reason !== null) return reason;
      return rules.isPrivateChat ? null : 'BUTTON_TYPE_INVALID';
    }
    case 'callback_data':
      return Buffer.byteLength(String(value)) > 64 ? 'BUTTON_DATA_INVALID' : null;
    case 'login_url':
    case 'callback_game':
    case 'pay':
    case 'switch_inline_query':
    case 'switch_inline_query_chosen_chat':
    case 'switch_inline_query_current_chat':
    case 'copy_text':
      return null;
    default:
      return action satisfies never;
  }
}

function refuseUrl(what: string, url: string, httpsOnly: boolean): string | null {
  const link = checkLink(url, httpsOnly);
  return link.ok ? null : `${what} '${url}' is invalid: ${link.reason}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
