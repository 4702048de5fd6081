import type { OutgoingMessage } from './message.ts';
import { chooseLocale, text } from './texts.ts';

/** What the bot says to somebody who wrote to it. */
export type BotAnswer =
  | 'linked'
  | 'link-expired'
  | 'link-used'
  | 'link-unknown'
  | 'welcome-back'
  | 'not-linked'
  | 'muted';

/** @param locale the user's, or their Telegram app's if we don't know them. */
export function renderBotAnswer(answer: BotAnswer, locale: string, chatId: number): OutgoingMessage {
  return { chatId, text: text(chooseLocale(locale), answer) };
}
