import type { Attempt, Notification } from '@replybell/database';
import type { Locale } from '@replybell/telegram';
import { actionFor, type NotificationAction } from './notification-action.ts';
import { withReasonText } from './reasons/index.ts';

/** What answers tell of a notification besides what is stored. */
type Explained = {
  /** The reason in words. */
  reasonText: string | null;
  nextAttemptAt: Date | null;
  action: NotificationAction | null;
};

/** A notification as answers show it. */
export function explainNotification<Shown extends Notification>(
  notification: Shown,
  locale: Locale,
): Shown & Explained {
  const { status, dueAt } = notification;
  return {
    ...withReasonText(notification, locale),
    nextAttemptAt: status === 'pending' ? dueAt : null,
    action: actionFor(notification),
  };
}

/** As `explainNotification`, with the reasons of its attempts in words too. */
export function explainTimeline(notification: Notification & { timeline: Attempt[] }, locale: Locale) {
  return {
    ...explainNotification(notification, locale),
    timeline: notification.timeline.map((attempt) => withReasonText(attempt, locale)),
  };
}
