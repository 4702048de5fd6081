import { type Decision, findNotification, resolveAsSent, retryNotification } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import type { Db } from '../../database-state.ts';
import { withAction } from '../../notification-action.ts';
import { ProblemError } from '../../problem.ts';
import { idParams } from '../../schemas/fields.ts';
import { notificationWithTimeline, resolution } from '../../schemas/notifications.ts';

export function notificationRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/notifications/:id',
    {
      schema: {
        operationId: 'getNotification',
        tags: ['notifications'],
        summary: 'Get a notification with the timeline of its attempts',
        description: 'Each attempt is one call of `sendMessage`, with what it came to.',
        params: idParams,
        response: { 200: notificationWithTimeline },
      },
    },
    async (request) => {
      const notification = await findNotification(db, request.params.id);
      if (!notification) throw new ProblemError('notification_not_found');
      return withAction(notification);
    },
  );

  app.post(
    '/notifications/:id/retry',
    {
      schema: {
        operationId: 'retryNotification',
        tags: ['notifications'],
        summary: 'Send a notification again that failed or whose outcome is unknown',
        description: 'It becomes due at once. If its outcome was unknown, the user may get it twice.',
        params: idParams,
        response: { 200: notificationWithTimeline },
      },
    },
    async (request) => afterDecision(db, request.params.id, retryNotification),
  );

  app.post(
    '/notifications/:id/resolve',
    {
      schema: {
        operationId: 'resolveNotification',
        tags: ['notifications'],
        summary: 'Say what became of a notification whose outcome is unknown',
        description: '`sent`: the user has got it. `resend`: send it again; the user may get it twice.',
        params: idParams,
        body: resolution,
        response: { 200: notificationWithTimeline },
      },
    },
    async (request) =>
      afterDecision(db, request.params.id, request.body.outcome === 'sent' ? resolveAsSent : resendUnknown),
  );
}

/** Carries out an operator's decision and answers with what the notification is now. */
async function afterDecision(db: Db, id: number, decide: (db: Db, id: number) => Promise<Decision>) {
  const decision = await decide(db, id);
  if (decision.kind === 'refused') throw new ProblemError('not_undecided');
  const notification = decision.kind === 'done' ? await findNotification(db, id) : undefined;
  if (!notification) throw new ProblemError('notification_not_found');
  return withAction(notification);
}

/** As a retry, but only where the outcome is unknown. */
async function resendUnknown(db: Db, id: number): Promise<Decision> {
  const notification = await findNotification(db, id);
  if (!notification) return { kind: 'not_found' };
  if (notification.status !== 'unknown') return { kind: 'refused', status: notification.status };
  return retryNotification(db, id);
}
