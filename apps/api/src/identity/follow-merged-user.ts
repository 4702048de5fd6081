import { type Db, findUserByTelegramId } from '@replybell/database';
import type { App } from '../app.ts';
import { ProblemError, statusOf } from '../problem.ts';

/**
 * Linking may merge the user into another account while their request is under way; for the user who made it, nothing
 * is there any more. The request is handled once more then, as the account that has their Telegram id now.
 *
 * For routes registered after it, whose handlers have changed nothing when they answer 404.
 */
export function followMergedUser(app: App, db: Db): void {
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = async function handleOnceMoreIfMerged(request, reply) {
      try {
        return await handler.call(this, request, reply);
      } catch (error) {
        if (!(error instanceof ProblemError) || statusOf(error.code) !== 404) throw error;
        const user = await findUserByTelegramId(db, request.telegramId);
        if (!user || user.id === request.userId) throw error;
        request.userId = user.id;
        return handler.call(this, request, reply);
      }
    };
  });
}
