export type { Update } from 'grammy/types';
export type { Answer } from './answer.ts';
export { type BotAnswer, renderBotAnswer } from './bot-answer.ts';
export { botIdOf, startLink } from './bot-link.ts';
export type { OutgoingMessage } from './message.ts';
export { type AttemptOutcome, classifyAnswer } from './outcome.ts';
export { type NotificationMessage, renderNotification } from './render.ts';
export { createSender, type Sender, toAnswer } from './sender.ts';
export { chooseLocale, locales } from './texts.ts';
export type { ButtonOptions } from './ticket-button.ts';
export { tokenFingerprint } from './token-fingerprint.ts';
export {
  createUpdateSource,
  type Polled,
  type UpdateSource,
  wantedUpdates,
} from './update-source.ts';
