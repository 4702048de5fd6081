import Type from 'typebox';
import { nullable, time } from './fields.ts';

export const telegramLink = Type.Object(
  {
    url: nullable(
      Type.String({
        description:
          'Opens the bot with a Start button. Told this once: null if the request is repeated with its `Idempotency-Key`.',
      }),
    ),
    expiresAt: time,
    qr: nullable(
      Type.String({ description: 'The same address as a QR code: an SVG picture in a `data:` URL.' }),
    ),
  },
  {
    title: 'TelegramLink',
    examples: [
      {
        url: 'https://t.me/replybell_bot?start=Zx3mJ5bqUu0bN2eFv9yQp7hLk4sTw6cRa1dGi8oXnYE',
        expiresAt: '2026-11-30T09:00:00.000Z',
        qr: 'data:image/svg+xml;base64,PHN2ZyB2aWV3Qm94…',
      },
    ],
  },
);

const chat = Type.Object({ id: Type.Integer(), type: Type.String() });

/** As much of an update as we read (core.telegram.org/bots/api#update); Telegram may say more at any time. */
export const telegramUpdate = Type.Object(
  {
    update_id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    message: Type.Optional(
      Type.Object({
        chat,
        from: Type.Optional(Type.Object({ language_code: Type.Optional(Type.String()) })),
        text: Type.Optional(Type.String()),
        forward_origin: Type.Optional(Type.Object({})),
        forward_date: Type.Optional(Type.Integer()),
        via_bot: Type.Optional(Type.Object({})),
      }),
    ),
    my_chat_member: Type.Optional(
      Type.Object({ chat, new_chat_member: Type.Object({ status: Type.String() }) }),
    ),
  },
  {
    examples: [
      {
        update_id: 10_000,
        message: {
          chat: { id: 123_456_789, type: 'private' },
          from: { language_code: 'ru' },
          text: '/start Zx3mJ5bqUu0bN2eFv9yQp7hLk4sTw6cRa1dGi8oXnYE',
        },
      },
    ],
  },
);
