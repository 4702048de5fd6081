import { DEFAULT_LOCALE } from '@replybell/database';
import Type from 'typebox';
import { givenTelegramId, id, nullable, page, pageQuery, telegramId, text, time } from './fields.ts';
import { patterns } from './patterns.ts';

/** A BCP 47 tag. */
export const localeTag = (description: string) =>
  Type.String({ pattern: patterns.localeTag.pattern, maxLength: 35, description, examples: ['ru'] });

const language =
  'The language of the messages, as a BCP 47 tag. There are texts in `ru` and `en`; what is neither, nor `en-GB` or the like, gets `ru`.';
export const locale = localeTag(language);

export const newUser = Type.Object(
  {
    username: text({ maxLength: 64 }),
    telegramId: Type.Optional(telegramId),
    locale: Type.Optional(localeTag(`${language} \`${DEFAULT_LOCALE}\` if not given.`)),
  },
  {
    title: 'NewUser',
    additionalProperties: false,
    examples: [{ username: 'anna', telegramId: 123456789, locale: 'ru' }],
  },
);

export const userFilter = Type.Object(
  {
    q: Type.Optional(
      text({
        maxLength: 100,
        description:
          'Users whose name contains this text, in upper or lower case. One or two characters are looked for at the beginning ' +
          'of words.',
      }),
    ),
    telegramId: Type.Optional(givenTelegramId),
    ...pageQuery,
  },
  { additionalProperties: false },
);

export const userChanges = Type.Object(
  {
    username: Type.Optional(text({ maxLength: 64 })),
    telegramId: Type.Optional(telegramId),
    locale: Type.Optional(locale),
  },
  {
    title: 'UserChanges',
    additionalProperties: false,
    minProperties: 1,
    examples: [{ telegramId: 123456789 }, { username: 'anna', locale: 'en' }],
  },
);

/** For the operations that link a Telegram account. */
export const aboutMerging =
  'Who is known by their Telegram id alone, from opening the Mini App or from POST /api/admin/notifications, is merged ' +
  'into the user that it is linked to: tickets and notifications move along, and the id that they had as a user ends.';

const deliverability = Type.Object(
  {
    status: Type.Enum(['reachable', 'unlinked', 'muted', 'unreachable'], {
      description:
        '`unlinked`: no Telegram id is known. `unreachable`: Telegram refused, see `reason`. Either way notifications are parked. ' +
        '`muted`: the user wants none.',
    }),
    reason: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'A stable code.' }),
    advice: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description:
        'What to do so that the user can be reached, in the language of `Accept-Language`, `ru` without it; null if there is ' +
        'nothing to do.',
    }),
  },
  { title: 'Deliverability' },
);

export const user = Type.Object(
  {
    id,
    username: Type.String({ examples: ['anna'] }),
    telegramId,
    locale,
    deliverability,
    erasedAt: nullable(
      Type.Unsafe<Date>({
        ...time,
        description: 'Since when nothing is known of the person; null if they were not erased.',
      }),
    ),
    createdAt: time,
    updatedAt: time,
  },
  { title: 'User' },
);

/** What is left of a user who was erased. */
export const erasedUser = Type.Object(user.properties, {
  title: 'User',
  examples: [
    {
      id: 1,
      username: 'erased-1',
      telegramId: null,
      locale: 'ru',
      deliverability: { status: 'unlinked', reason: 'user_erased', advice: null },
      erasedAt: '2026-01-31T08:00:00.000Z',
      createdAt: '2026-01-30T08:00:00.000Z',
      updatedAt: '2026-01-31T08:00:00.000Z',
    },
  ],
});

export const userPage = page(user);
