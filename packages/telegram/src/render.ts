import { cutAtGrapheme, escapeHtml, parsedLength } from './html.ts';
import { chooseLocale, text } from './texts.ts';
import { type ButtonOptions, type TicketButton, ticketButton } from './ticket-button.ts';

/** Telegram's limit for a message's text, in UTF-16 units after entities are parsed (Bot API, sendMessage). */
const MAX_TEXT_LENGTH = 4096;

export type NotificationMessage = {
  chatId: number;
  /** HTML. */
  text: string;
  button: TicketButton;
};

/**
 * Makes the message that tells a user of a reply. Whatever the subject holds is shown as written; one that is too long
 * for Telegram is cut at a grapheme.
 */
export function renderNotification(
  notification: { ticketId: number; subject: string; locale: string; telegramId: number },
  button: ButtonOptions,
): NotificationMessage {
  const locale = chooseLocale(notification.locale);
  const ticket = String(notification.ticketId);
  const room = MAX_TEXT_LENGTH - parsedLength(text(locale, 'reply', { ticket, subject: '' }));
  const subject = escapeHtml(cutAtGrapheme(notification.subject, room));
  return {
    chatId: notification.telegramId,
    text: text(locale, 'reply', { ticket, subject }),
    button: ticketButton(button, notification.ticketId, notification.telegramId, text(locale, 'open-ticket')),
  };
}
