import { type Db, findUser, updatePreferences } from '@replybell/database';
import type { FastifyRequest } from 'fastify';
import type { App, AppParts } from '../../app.ts';
import { ProblemError } from '../../problem.ts';
import { me, myChanges } from '../../schemas/me.ts';

export function profileRoutes(app: App, { db }: AppParts): void {
  app.get(
    '',
    {
      config: { refuses: ['user_not_found'] },
      schema: {
        operationId: 'getMe',
        summary: 'Get the user who opened the Mini App',
        description:
          'A person who comes for the first time becomes a user by this or any other call. If a link token in ' +
          '`start_param` opened the Mini App, the call links them, unless they would lose something by it: see `openedLink`.',
        response: { 200: me },
      },
    },
    async (request) => findMe(db, request),
  );

  app.patch(
    '',
    {
      config: { refuses: ['user_not_found'] },
      schema: {
        operationId: 'updateMe',
        summary: 'Mute or unmute the bot, choose the language of its messages',
        description:
          'Muting withdraws the notifications that wait; what they would have told is in the tickets. Fields that are ' +
          'not given stay.',
        body: myChanges,
        response: { 200: me },
      },
    },
    async (request) => {
      await updatePreferences(db, request.userId, request.body);
      return findMe(db, request);
    },
  );
}

async function findMe(db: Db, { userId, openedLink }: FastifyRequest) {
  const user = await findUser(db, userId);
  // Linking may have merged the user into another account at this moment: then the request is handled again, as that one's.
  if (!user) throw new ProblemError('user_not_found');
  return { ...user, muted: user.mutedAt !== null, openedLink };
}
