import { findNotification, insertForeignNotification, listNotifications } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { createOnce } from '../../change.ts';
import { explainNotification, explainTimeline } from '../../explain-notification.ts';
import { pageOf } from '../../page.ts';
import { periodOf } from '../../period.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, notificationIdIn, notificationParams } from '../../schemas/fields.ts';
import {
  createdNotification,
  newNotification,
  notificationFilter,
  notificationPage,
  notificationWithTimeline,
} from '../../schemas/notifications.ts';
import { userOfFilter } from '../../user-of-filter.ts';
import { wantedLocale } from '../../wanted-locale.ts';

const tags = ['notifications'];

export function notificationRoutes(app: App, { db, enqueuer }: AppParts): void {
  app.get(
    '/notifications',
    {
      schema: {
        operationId: 'listNotifications',
        tags,
        summary: 'List notifications, the newest first',
        querystring: notificationFilter,
        response: { 200: notificationPage },
      },
    },
    async (request) => {
      const { limit, cursor, since, until, ...named } = request.query;
      const filter = await userOfFilter(db, named);
      const locale = wantedLocale(request.headers['accept-language']);
      const page = await pageOf({ limit, cursor }, (position) =>
        listNotifications(db, { ...filter, ...periodOf({ since, until }), ...position }),
      );
      return { ...page, items: page.items.map((item) => explainNotification(item, locale)) };
    },
  );

  app.post(
    '/notifications',
    {
      config: { refuses: ['user_not_found', 'user_erased'] },
      schema: {
        operationId: 'createNotification',
        tags,
        summary: 'Tell a user of a reply in another helpdesk, which keeps its own tickets',
        description:
          'Name the user by `userId` or by `telegramId`. 201 says that the promise to tell them is stored; what became ' +
          'of it: GET /api/admin/notifications/:id.',
        headers: idempotencyHeader,
        body: newNotification,
        response: { 201: createdNotification },
      },
    },
    async (request, reply) => {
      const { ticketId, subject, url, locale = null } = request.body;
      // As `URL` writes it, with a foreign name in ASCII: so it was judged, and so Telegram gets it.
      const buttonUrl = url === undefined ? null : new URL(url).href;
      const user = namedUser(request.body);
      const promise = { user, ticketId, subject, buttonUrl, locale, requestId: request.id };
      return createOnce({ db, request, reply, action: 'notification.create' }, async (trx) => {
        const promised = await insertForeignNotification(trx, promise);
        if (promised.kind !== 'promised') throw new ProblemError(promised.kind);
        const { job } = promised;
        const created = await findNotification(trx, job.notificationId);
        if (!created) throw new ProblemError('notification_not_found');
        return {
          subject: `notification:${created.id}`,
          detail: { ticketId, userId: created.userId },
          result: explainTimeline(created, wantedLocale(request.headers['accept-language'])),
          afterCommit: () => enqueuer.enqueue(job),
        };
      });
    },
  );

  app.get(
    '/notifications/:id',
    {
      config: { refuses: ['notification_not_found'] },
      schema: {
        operationId: 'getNotification',
        tags,
        summary: 'Get a notification with the timeline of its attempts',
        description: 'Each attempt is one call of `sendMessage`, with what it came to.',
        params: notificationParams,
        response: { 200: notificationWithTimeline },
      },
    },
    async (request) => {
      const notification = await findNotification(db, notificationIdIn(request.params));
      if (!notification) throw new ProblemError('notification_not_found');
      return explainTimeline(notification, wantedLocale(request.headers['accept-language']));
    },
  );
}

function namedUser({ userId, telegramId }: { userId?: number; telegramId?: number }) {
  if (userId !== undefined && telegramId === undefined) return { id: userId };
  if (telegramId !== undefined && userId === undefined) return { telegramId };
  throw new ProblemError('validation_failed', [
    { path: '', message: 'must have exactly one of userId and telegramId' },
  ]);
}
