import { findNotification } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { ProblemError } from '../../problem.ts';
import { idParams } from '../../schemas/fields.ts';
import { notificationWithTimeline } from '../../schemas/notifications.ts';

export function notificationRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/notifications/:id',
    {
      schema: {
        summary: 'Get a notification with the timeline of its attempts',
        params: idParams,
        response: { 200: notificationWithTimeline },
      },
    },
    async (request) => {
      const notification = await findNotification(db, request.params.id);
      if (!notification) throw new ProblemError('notification_not_found');
      return notification;
    },
  );
}
