import { locales } from '@replybell/telegram';
import Type from 'typebox';
import { notificationActions } from '../notification-action.ts';
import { nullable } from './fields.ts';

export const reasonQuery = Type.Object(
  {
    locale: Type.Optional(
      Type.Enum([...locales], {
        description:
          'A language that there are texts in; as in `Accept-Language` if not given, `ru` without that too.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const reasonList = Type.Object({
  items: Type.Array(
    Type.Object({
      code: Type.String({ examples: ['bot_blocked'] }),
      text: Type.String({ examples: ['Пользователь заблокировал бота'] }),
      advice: nullable(
        Type.String({ description: 'What an admin does about it; null if nothing is needed.' }),
      ),
      action: nullable(
        Type.Enum([...notificationActions], {
          description:
            'What a notification needs that came to rest so: `relink` the user, `retry` it, `decide` whether it arrived, or `wait`.',
        }),
      ),
    }),
  ),
});
