import {
  DEFAULT_LOCALE,
  eraseUser,
  findUser,
  insertUser,
  listUsers,
  type User,
  updateTelegramId,
} from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { change, createOnce } from '../../change.ts';
import { type Deliverability, deliverabilityOf } from '../../deliverability.ts';
import { pageOf } from '../../page.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams } from '../../schemas/fields.ts';
import { newUser, userChanges, userFilter, userPage, user as userSchema } from '../../schemas/users.ts';

export function userRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/users',
    {
      schema: {
        operationId: 'createUser',
        tags: ['users'],
        summary: 'Create a user',
        headers: idempotencyHeader,
        body: newUser,
        response: { 201: userSchema },
      },
    },
    async (request, reply) =>
      createOnce({ db, request, reply, action: 'user.create' }, async (trx) => {
        const { username, telegramId = null, locale = DEFAULT_LOCALE } = request.body;
        const user = await insertUser(trx, { username, telegramId, locale });
        return { subject: `user:${user.id}`, result: withDeliverability(user) };
      }),
  );

  app.get(
    '/users',
    {
      schema: {
        operationId: 'listUsers',
        tags: ['users'],
        summary: 'List users, the newest first',
        querystring: userFilter,
        response: { 200: userPage },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await pageOf({ limit, cursor }, (position) => listUsers(db, { ...filter, ...position }));
      return { ...page, items: page.items.map(withDeliverability) };
    },
  );

  app.get(
    '/users/:id',
    {
      schema: {
        operationId: 'getUser',
        tags: ['users'],
        summary: 'Get a user',
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
        operationId: 'linkUser',
        tags: ['users'],
        summary: "Link or unlink a user's Telegram account",
        description:
          'Setting an id frees the notifications that wait for it. An id that another user has moves here.',
        params: idParams,
        body: userChanges,
        response: { 200: userSchema },
      },
    },
    async (request) =>
      change({ db, request, action: 'user.link' }, async (trx) => {
        const user = await updateTelegramId(trx, request.params.id, request.body.telegramId);
        if (!user) throw new ProblemError('user_not_found');
        return { subject: `user:${user.id}`, result: withDeliverability(user) };
      }),
  );

  app.post(
    '/users/:id/erase',
    {
      config: { role: 'owner' },
      schema: {
        operationId: 'eraseUser',
        tags: ['users'],
        summary: 'Erase a person: their name, Telegram id and all texts of their tickets, for good',
        description:
          'Subjects and messages become empty, replies too; tickets are closed and stay so; notifications that wait are withdrawn ' +
          '(`user_erased`). Numbers, times, statuses and the outcomes of attempts stay. Repeating it is harmless. The log keeps ' +
          'Telegram ids until it is rotated away, and Telegram the messages that it delivered.',
        params: idParams,
        response: { 200: userSchema },
      },
    },
    async (request) =>
      change({ db, request, action: 'user.erase' }, async (trx) => {
        const user = await eraseUser(trx, request.params.id);
        if (!user) throw new ProblemError('user_not_found');
        return { subject: `user:${user.id}`, result: withDeliverability(user) };
      }),
  );
}

function withDeliverability(user: User): User & { deliverability: Deliverability } {
  return { ...user, deliverability: deliverabilityOf(user) };
}
