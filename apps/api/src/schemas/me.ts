import Type from 'typebox';
import { id, nullable, telegramId } from './fields.ts';
import { message, messageText, subject, ticket } from './tickets.ts';
import { locale } from './users.ts';

export const me = Type.Object(
  {
    id,
    username: Type.String(),
    telegramId,
    locale,
    muted: Type.Boolean({ description: 'Whether the user wants no messages of the bot.' }),
  },
  { examples: [{ id: 1, username: 'anna', telegramId: 123456789, locale: 'ru', muted: false }] },
);

export const myChanges = Type.Object(
  { muted: Type.Optional(Type.Boolean()), locale: Type.Optional(locale) },
  { additionalProperties: false, examples: [{ muted: true }] },
);

export const myPage = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '50 if not given.' })),
    cursor: Type.Optional(
      Type.String({ maxLength: 64, description: 'The `nextCursor` of the page before this one.' }),
    ),
  },
  { additionalProperties: false },
);

export const myNewTicket = Type.Object(
  { subject, message: messageText },
  {
    additionalProperties: false,
    examples: [{ subject: 'Проблема с балансом', message: 'Баланс не обновился после оплаты.' }],
  },
);

export const myNewMessage = Type.Object(
  { message: messageText },
  { additionalProperties: false, examples: [{ message: 'Спасибо, теперь всё работает.' }] },
);

export const myTicketWithMessages = Type.Object({
  ...ticket.properties,
  messages: Type.Array(message, { description: 'The newest, from the oldest of them to the newest.' }),
  nextCursor: nullable(
    Type.String({ description: 'Gives the messages before these; null if there are none.' }),
  ),
});
