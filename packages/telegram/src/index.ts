export type { Update } from 'grammy/types';
export type { Answer } from './answer.ts';
export { type BotAnswer, renderBotAnswer } from './bot-answer.ts';
export { botIdOf, startLink } from './bot-link.ts';
export { plainText } from './html.ts';
export { createInitDataCheck, HIGHEST_TELEGRAM_ID, type InitData } from './init-data.ts';
export type { OutgoingMessage } from './message.ts';
export {
  type AttemptOutcome,
  type AttemptReason,
  classifyAnswer,
} from './outcome.ts';
export { type NotificationMessage, renderNotification } from './render.ts';
export { createSender, type Sender, toAnswer } from './sender.ts';
export { chooseLocale, type Locale, locales, text } from './texts.ts';
export type { ButtonOptions } from './ticket-button.ts';
export { tokenFingerprint } from './token-fingerprint.ts';
export { createTransport } from './transport.ts';
export {
  createUpdateSource,
  type UpdateSource,
  wantedUpdates,
} from './update-source.ts';
