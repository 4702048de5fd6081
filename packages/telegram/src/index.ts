export type { Answer } from './answer.ts';
export { createInitDataCheck, type InitData, type InitDataVerdict } from './init-data.ts';
export { type AttemptOutcome, classifyAnswer } from './outcome.ts';
export { type NotificationMessage, renderNotification } from './render.ts';
export { createSender, type Sender, toAnswer } from './sender.ts';
export { chooseLocale, locales } from './texts.ts';
export type { ButtonOptions } from './ticket-button.ts';
export { createTransport } from './transport.ts';
