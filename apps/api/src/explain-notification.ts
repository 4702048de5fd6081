import type { Attempt, Notification } from '@replybell/database';
import type { FastifyRequest } from 'fastify';
import { withReasonText } from './reasons/index.ts';
import { wantedLocale } from './wanted-locale.ts';

/** A notification with its attempts, reasons in words too, in the language that the client reads. */
export function explainNotification(
  notification: Notification & { timeline: Attempt[] },
  request: Pick<FastifyRequest, 'headers'>,
) {
  const locale = wantedLocale(request.headers['accept-language']);
  return {
    ...withReasonText(notification, locale),
    timeline: notification.timeline.map((attempt) => withReasonText(attempt, locale)),
  };
}
