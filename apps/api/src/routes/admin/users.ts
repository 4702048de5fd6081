import { findUser, insertUser, type User, updateTelegramId } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { type Deliverability, deliverabilityOf } from '../../deliverability.ts';
import { ProblemError } from '../../problem.ts';
import { idParams } from '../../schemas/fields.ts';
import { newUser, userChanges, user as userSchema } from '../../schemas/users.ts';

const DEFAULT_LOCALE = 'ru';

export function userRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/users',
    { schema: { summary: 'Create a user', body: newUser, response: { 201: userSchema } } },
    async (request, reply) => {
      const { username, telegramId = null, locale = DEFAULT_LOCALE } = request.body;
      reply.code(201);
      return withDeliverability(await insertUser(db, { username, telegramId, locale }));
    },
  );

  app.get(
    '/users/:id',
    { schema: { summary: 'Get a user', params: idParams, response: { 200: userSchema } } },
    async (request) => {
      const user = await findUser(db, request.params.id);
      if (!user) throw new ProblemError('user_not_found');
      return withDeliverability(user);
    },
  );

  app.patch(
    '/users/:id',
    {
      schema: {
        summary: "Link or unlink a user's Telegram account",
        description:
          'Setting an id frees the notifications that wait for it. An id that another user has moves here.',
        params: idParams,
        body: userChanges,
        response: { 200: userSchema },
      },
    },
    async (request) => {
      const user = await updateTelegramId(db, request.params.id, request.body.telegramId);
      if (!user) throw new ProblemError('user_not_found');
      return withDeliverability(user);
    },
  );
}

function withDeliverability(user: User): User & { deliverability: Deliverability } {
  return { ...user, deliverability: deliverabilityOf(user) };
}
