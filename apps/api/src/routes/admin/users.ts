import { findUser, insertUser, type User, updateTelegramId } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { ProblemError } from '../../problem.ts';
import { idParams } from '../../schemas/fields.ts';
import { newUser, userChanges, user as userSchema } from '../../schemas/users.ts';

const DEFAULT_LOCALE = 'ru';

export function userRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/users',
    {
      schema: {
        operationId: 'createUser',
        tags: ['users'],
        summary: 'Create a user',
        description:
          'A user without `telegramId` can be told nothing yet: notifications wait until one is set.',
        body: newUser,
        response: { 201: userSchema },
      },
    },
    async (request, reply) => {
      const { username, telegramId = null, locale = DEFAULT_LOCALE } = request.body;
      reply.code(201);
      return withDeliverability(await insertUser(db, { username, telegramId, locale }));
    },
  );

  app.get(
    '/users/:id',
    {
      schema: {
        operationId: 'getUser',
        tags: ['users'],
        summary: 'Get a user',
        description:
          'With `deliverability`: whether Telegram reaches this user, and if not, why and what to do.',
        params: idParams,
        response: { 200: userSchema },
      },
    },
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
        operationId: 'updateUser',
        tags: ['users'],
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

type Deliverability = {
  status: 'reachable' | 'unlinked' | 'unreachable';
  reason: string | null;
  advice: string | null;
};

function withDeliverability(user: User): User & { deliverability: Deliverability } {
  return { ...user, deliverability: deliverabilityOf(user) };
}

function deliverabilityOf({ id, telegramId, parkedReason }: User): Deliverability {
  if (telegramId === null) {
    const advice = `PATCH /api/admin/users/${id} with the user's telegramId`;
    return { status: 'unlinked', reason: 'no_telegram_id', advice };
  }
  if (parkedReason === null) return { status: 'reachable', reason: null, advice: null };
  const advice = `When the user can be reached again, PATCH /api/admin/users/${id} with the same telegramId`;
  return { status: 'unreachable', reason: parkedReason, advice };
}
