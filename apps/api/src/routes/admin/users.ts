import {
  DEFAULT_LOCALE,
  eraseUser,
  findUser,
  insertUser,
  listUsers,
  type User,
  updateUser,
} from '@replybell/database';
import type { FastifyRequest } from 'fastify';
import type { App, AppParts } from '../../app.ts';
import { authorOf, change, createOnce } from '../../change.ts';
import { type Deliverability, deliverabilityOf } from '../../deliverability.ts';
import { pageOf } from '../../page.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams } from '../../schemas/fields.ts';
import {
  aboutMerging,
  erasedUser,
  newUser,
  userChanges,
  userFilter,
  userPage,
  user as userSchema,
} from '../../schemas/users.ts';
import { wantedLocale } from '../../wanted-locale.ts';

export function userRoutes(app: App, { db }: AppParts): void {
  app.post(
    '/users',
    {
      config: { refuses: ['user_erased'] },
      schema: {
        operationId: 'createUser',
        tags: ['users'],
        summary: 'Create a user',
        description:
          'A Telegram id that another user has moves here, and nothing reaches the other any more: look first by GET ' +
          `/api/admin/users?telegramId=. Names need not be unique. ${aboutMerging}`,
        headers: idempotencyHeader,
        body: newUser,
        response: { 201: userSchema },
      },
    },
    async (request, reply) =>
      createOnce({ db, request, reply, action: 'user.create' }, async (trx) => {
        const { username, telegramId = null, locale = DEFAULT_LOCALE } = request.body;
        const user = await insertUser(trx, { username, telegramId, locale }, authorOf(request));
        return { subject: `user:${user.id}`, result: withDeliverability(user, request) };
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
      return { ...page, items: page.items.map((user) => withDeliverability(user, request)) };
    },
  );

  app.get(
    '/users/:id',
    {
      config: { refuses: ['user_not_found'] },
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
      return withDeliverability(user, request);
    },
  );

  app.patch(
    '/users/:id',
    {
      config: { refuses: ['user_not_found', 'user_erased'] },
      schema: {
        operationId: 'updateUser',
        tags: ['users'],
        summary: "Change a user's name or language, link or unlink their Telegram account",
        description:
          'Setting a Telegram id, the same too, frees the notifications that wait for it. One that another user has moves here. ' +
          `Fields that are not given stay. ${aboutMerging}`,
        params: idParams,
        body: userChanges,
        response: { 200: userSchema },
      },
    },
    async (request) =>
      change({ db, request, action: actionOf(request.body) }, async (trx) => {
        const updated = await updateUser(trx, request.params.id, request.body, authorOf(request));
        if (updated.kind !== 'updated') throw new ProblemError(updated.kind);
        const { user } = updated;
        const detail = { fields: Object.keys(request.body) };
        return { subject: `user:${user.id}`, detail, result: withDeliverability(user, request) };
      }),
  );

  app.post(
    '/users/:id/erase',
    {
      config: { refuses: ['user_not_found'], role: 'owner' },
      schema: {
        operationId: 'eraseUser',
        tags: ['users'],
        summary: 'Erase a person: their name, Telegram id and all texts of their tickets, for good',
        description:
          'Subjects and messages become empty, replies too; tickets are closed and stay so; notifications that wait are withdrawn ' +
          '(`user_erased`). Numbers, times, statuses and the outcomes of attempts stay. Repeating it is harmless. The log keeps ' +
          'Telegram ids until it is rotated away, Telegram the messages that it delivered, and a day long the `Idempotency-Key`s of ' +
          'requests about them stay, which should name nobody.',
        params: idParams,
        response: { 200: erasedUser },
      },
    },
    async (request) =>
      change({ db, request, action: 'user.erase' }, async (trx) => {
        const user = await eraseUser(trx, request.params.id);
        if (!user) throw new ProblemError('user_not_found');
        return { subject: `user:${user.id}`, result: withDeliverability(user, request) };
      }),
  );
}

/** What the audit trail calls a change of a user. */
function actionOf({ telegramId }: { telegramId?: number | null }): string {
  if (telegramId === undefined) return 'user.update';
  return telegramId === null ? 'user.unlink' : 'user.link';
}

function withDeliverability(
  user: User,
  { headers }: FastifyRequest,
): User & { deliverability: Deliverability } {
  return { ...user, deliverability: deliverabilityOf(user, wantedLocale(headers['accept-language'])) };
}
