import type { App, AppParts } from '../../app.ts';
import { answerUnknown } from '../../edges/answer-unknown.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../../edges/limit-time.ts';
import { forbidStoring } from '../../edges/security-headers.ts';
import { followMergedUser } from '../../identity/follow-merged-user.ts';
import { requireMiniAppUser } from '../../identity/mini-app-user.ts';
import { profileRoutes } from './profile.ts';
import { myTicketRoutes } from './tickets.ts';

/** Everything under `/api/me`: what a user sees and does in the Mini App, each only what is theirs. */
export function meRoutes(app: App, parts: AppParts): void {
  app.addHook('onRequest', forbidStoring);
  limitTime(app, HANDLER_TIMEOUT_MS);
  app.decorateRequest('userId', 0);
  app.decorateRequest('telegramId', 0);
  app.decorateRequest('openedLink', null);
  app.addHook('onRequest', requireMiniAppUser(parts.db, parts.config));
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, tags: ['mini-app'], security: [{ initData: [] }] };
  });
  followMergedUser(app, parts.db);
  app.setNotFoundHandler(answerUnknown);

  profileRoutes(app, parts);
  myTicketRoutes(app, parts);
}
