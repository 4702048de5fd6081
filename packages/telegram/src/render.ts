import { cutAtGrapheme, escapeHtml, parsedLength } from './html.ts';
import type { OutgoingMessage } from './message.ts';
import { chooseLocale, text } from './texts.ts';
import { type ButtonOptions, ticketButton } from './ticket-button.ts';

/** Telegram's limit for a message's text, in UTF-16 units after entities are parsed (Bot API, sendMessage). */
const MAX_TEXT_LENGTH = 4096;

export type NotificationMessage = Required<OutgoingMessage>;

/**
 * Makes the message that tells a user of a reply, or of several. Whatever the subject holds is shown as written; one that
 * is too long for Telegram is cut at a grapheme.
 */
export function renderNotification(
  notification: {
    ticketId: number;
    subject: string;
    locale: string;
    telegramId: number;
    replies?: number;
    /** What the button opens if it isn't the Mini App: another system's page of the ticket. */
    buttonUrl?: string | null;
  },
  button: ButtonOptions,
): NotificationMessage {
  const locale = chooseLocale(notification.locale);
  const { replies = 1 } = notification;
  const write = (subject: string) =>
    text(locale, replies > 1 ? 'replies' : 'reply', {
      ticket: String(notification.ticketId),
      replies,
      subject: escapeHtml(subject),
    });
  const buttonText = text(locale, 'open-ticket');
  const room = MAX_TEXT_LENGTH - parsedLength(write(''));
  return {
    chatId: notification.telegramId,
    text: write(cutAtGrapheme(notification.subject, room)),
    button: notification.buttonUrl
      ? { text: buttonText, url: notification.buttonUrl }
      : ticketButton(button, notification.ticketId, notification.telegramId, buttonText),
  };
}
