import Type from 'typebox';
import { id, nullable, page, telegramId } from './fields.ts';
import { message, messageText, subject, ticket } from './tickets.ts';
import { locale } from './users.ts';

export const me = Type.Object(
  {
    id,
    username: Type.String({ examples: ['anna'] }),
    telegramId,
    locale,
    muted: Type.Boolean({ description: 'Whether the user wants no messages of the bot.' }),
    openedLink: nullable(
      Type.Enum(['linked', 'needs_start', 'expired', 'used'], {
        description:
          'What became of the link token in `start_param`; null if there is none that was ever made. `needs_start`: ' +
          'nothing, because this person has an account of their own, or tickets that would move to another, and may ' +
          'have followed a link of somebody else. Ask them, then open `https://t.me/<bot>?start=<start_param>` ' +
          '(`Telegram.WebApp.openTelegramLink`): pressing Start links them.',
      }),
    ),
  },
  {
    title: 'Me',
    examples: [
      { id: 1, username: 'anna', telegramId: 123456789, locale: 'ru', muted: false, openedLink: null },
    ],
  },
);

export const myChanges = Type.Object(
  { muted: Type.Optional(Type.Boolean()), locale: Type.Optional(locale) },
  { title: 'MyChanges', additionalProperties: false, examples: [{ muted: true }] },
);

export const myTicketPage = page(ticket);

export const myNewTicket = Type.Object(
  { subject, message: messageText },
  {
    title: 'MyNewTicket',
    additionalProperties: false,
    examples: [{ subject: 'Проблема с балансом', message: 'Баланс не обновился после оплаты.' }],
  },
);

export const myNewMessage = Type.Object(
  { message: messageText },
  {
    title: 'MyNewMessage',
    additionalProperties: false,
    examples: [{ message: 'Спасибо, теперь всё работает.' }],
  },
);

export const myTicketWithMessages = Type.Object(
  {
    ...ticket.properties,
    messages: Type.Array(message, { description: 'The newest, from the oldest of them to the newest.' }),
    olderCursor: nullable(
      Type.String({ description: 'The `cursor` for the messages before these; null if these are all.' }),
    ),
  },
  { title: 'MyTicketWithMessages' },
);
