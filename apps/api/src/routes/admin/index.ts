import { answerUnknown } from '../../answer-unknown.ts';
import type { App, AppParts } from '../../app.ts';
import { requireBearer } from '../../authenticate.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../../limit-time.ts';
import { deliveryRoutes } from './delivery.ts';
import { inboxRoutes } from './inbox.ts';
import { notificationRoutes } from './notifications.ts';
import { replyRoutes } from './replies.ts';
import { ticketRoutes } from './tickets.ts';
import { userRoutes } from './users.ts';

/** Everything under `/api/admin`. The key is asked for here, of known and unknown addresses, so no route can forget it. */
export function adminRoutes(app: App, parts: AppParts & { apiKey: string }): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
  app.addHook('onRequest', requireBearer(parts.apiKey));
  limitTime(app, HANDLER_TIMEOUT_MS);
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security: [{ apiKey: [] }] };
  });
  app.setNotFoundHandler(answerUnknown);

  userRoutes(app, parts);
  inboxRoutes(app, parts);
  ticketRoutes(app, parts);
  replyRoutes(app, parts);
  notificationRoutes(app, parts);
  deliveryRoutes(app, parts);
}
