import type { App, GuardedParts } from '../../app.ts';
import { answerUnknown } from '../../edges/answer-unknown.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../../edges/limit-time.ts';
import { forbidStoring } from '../../edges/security-headers.ts';
import type { ProcessMetrics } from '../../metrics/process-metrics.ts';
import { adminAccountRoutes } from './admins.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit.ts';
import { deliveryRoutes } from './delivery.ts';
import { eventRoutes } from './events.ts';
import { inboxRoutes } from './inbox.ts';
import { notificationDecisionRoutes } from './notification-decisions.ts';
import { notificationRoutes } from './notifications.ts';
import { previewAndTestRoutes } from './preview-and-test.ts';
import { reasonRoutes } from './reasons.ts';
import { replyRoutes } from './replies.ts';
import { telegramLinkRoutes } from './telegram-link.ts';
import { ticketRoutes } from './tickets.ts';
import { userRoutes } from './users.ts';

/**
 * Everything under `/api/admin`. Who calls is asked here, of known and unknown addresses, so no route can forget it; a
 * route for owners only says so: `config: { role: 'owner' }`.
 */
export function adminRoutes(app: App, parts: GuardedParts & { processMetrics: ProcessMetrics }): void {
  app.addHook('onRequest', forbidStoring);
  limitTime(app, HANDLER_TIMEOUT_MS);
  app.addHook('onRequest', parts.identity.requireCaller);
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security: [{ apiKey: [] }, { session: [] }] };
  });
  app.setNotFoundHandler(answerUnknown);

  userRoutes(app, parts);
  inboxRoutes(app, parts);
  telegramLinkRoutes(app, parts);
  ticketRoutes(app, parts);
  replyRoutes(app, parts);
  notificationRoutes(app, parts);
  notificationDecisionRoutes(app, parts);
  previewAndTestRoutes(app, parts);
  reasonRoutes(app);
  deliveryRoutes(app, parts);
  adminAccountRoutes(app, parts);
  apiKeyRoutes(app, parts);
  auditRoutes(app, parts);
  eventRoutes(app, parts);
}
