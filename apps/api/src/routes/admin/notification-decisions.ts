import {
  countMatching,
  type Db,
  type Decision,
  findNotification,
  resendUnknown,
  resolveAsSent,
  retryMatching,
  retryNotification,
  withdrawByAdmin,
} from '@replybell/database';
import type { FastifyRequest } from 'fastify';
import type { App, AppParts } from '../../app.ts';
import { change } from '../../change.ts';
import { explainTimeline } from '../../explain-notification.ts';
import { periodOf } from '../../period.ts';
import { type ProblemCode, ProblemError } from '../../problem.ts';
import { notificationIdIn, notificationParams } from '../../schemas/fields.ts';
import { notificationWithTimeline, redrive, redriven, resolution } from '../../schemas/notifications.ts';
import { userOfFilter } from '../../user-of-filter.ts';
import { wantedLocale } from '../../wanted-locale.ts';

const DEFAULT_REDRIVE = 1_000;
/** How far is counted what remains. */
const COUNTED = 10_000;

const tags = ['notifications'];

/** What operators decide of notifications that did not simply arrive. */
export function notificationDecisionRoutes(app: App, { db }: AppParts): void {
  const idRoute = { tags, params: notificationParams, response: { 200: notificationWithTimeline } };

  app.post(
    '/notifications/:id/retry',
    {
      config: { refuses: ['notification_not_found', 'not_retryable'] },
      schema: {
        ...idRoute,
        operationId: 'retryNotification',
        summary: 'Send a notification again that failed or whose outcome is unknown',
        description: 'It becomes due at once. If its outcome was unknown, the user may get it twice.',
      },
    },
    async (request) =>
      afterDecision(request, {
        action: 'notification.retry',
        decide: retryNotification,
        refusal: 'not_retryable',
      }),
  );

  app.post(
    '/notifications/:id/withdraw',
    {
      config: { refuses: ['notification_not_found', 'not_withdrawable'] },
      schema: {
        ...idRoute,
        operationId: 'withdrawNotification',
        summary: 'Cancel a notification that has not been sent',
        description:
          'One that waits, is parked, has failed or whose outcome is unknown. The reply itself stays.',
      },
    },
    async (request) =>
      afterDecision(request, {
        action: 'notification.withdraw',
        decide: withdrawByAdmin,
        refusal: 'not_withdrawable',
      }),
  );

  app.post(
    '/notifications/:id/resolve',
    {
      config: { refuses: ['notification_not_found', 'not_resolvable'] },
      schema: {
        ...idRoute,
        operationId: 'resolveNotification',
        summary: 'Say what became of a notification whose outcome is unknown',
        description: '`sent`: the user has got it. `resend`: send it again; the user may get it twice.',
        body: resolution,
      },
    },
    async (request) => {
      const { outcome } = request.body;
      return afterDecision(request, {
        action: 'notification.resolve',
        detail: { outcome },
        decide: outcome === 'sent' ? resolveAsSent : resendUnknown,
        refusal: 'not_resolvable',
      });
    },
  );

  app.post(
    '/notifications/retry',
    {
      schema: {
        operationId: 'retryNotifications',
        tags,
        summary: 'Send all notifications again that match a filter',
        description:
          'The oldest first, at most `limit` in one call, and never faster than the rate of the bot. Repeat the call ' +
          'while something remains. `dryRun` only counts.',
        body: redrive,
        response: { 200: redriven },
      },
    },
    async (request) => {
      const { dryRun = false, limit = DEFAULT_REDRIVE } = request.body;
      const { since, until, ...named } = request.body.filter;
      const about = await userOfFilter(db, named);
      const filter = { status: 'failed' as const, ...about, ...periodOf({ since, until }) };
      const retried = dryRun
        ? 0
        : await change({ db, request, action: 'notification.retry_matching' }, async (trx) => {
            const count = await retryMatching(trx, filter, limit);
            return { subject: 'notifications', detail: { ...filter, retried: count }, result: count };
          });
      const remaining = await countMatching(db, filter, COUNTED + 1);
      return { retried, remaining: Math.min(remaining, COUNTED), moreRemain: remaining > COUNTED };
    },
  );

  /** Carries out an operator's decision and answers with what the notification is now. */
  async function afterDecision(
    request: FastifyRequest<{ Params: { id: string } }>,
    { action, detail, decide, refusal }: OperatorDecision,
  ) {
    const id = notificationIdIn(request.params);
    return change({ db, request, action }, async (trx) => {
      const decision = await decide(trx, id);
      if (decision.kind === 'refused') throw new ProblemError(refusal);
      const notification = decision.kind === 'done' ? await findNotification(trx, id) : undefined;
      if (!notification) throw new ProblemError('notification_not_found');
      const locale = wantedLocale(request.headers['accept-language']);
      return { subject: `notification:${id}`, detail, result: explainTimeline(notification, locale) };
    });
  }
}

type OperatorDecision = {
  /** What the audit trail calls it. */
  action: string;
  detail?: Record<string, unknown>;
  decide: (db: Db, id: number) => Promise<Decision>;
  refusal: ProblemCode;
};
