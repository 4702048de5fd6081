import type { Notification } from '@replybell/database';
import { actionForReason } from './reasons/index.ts';

/**
 * What an admin can do about a notification: link the user's account (anew), retry it, decide what became of it, or wait,
 * as it goes on by itself or when the user acts.
 */
export const notificationActions = ['relink', 'retry', 'decide', 'wait'] as const;
export type NotificationAction = (typeof notificationActions)[number];

/** @returns null where nothing is left to do. */
export function actionFor({
  status,
  reason,
}: Pick<Notification, 'status' | 'reason'>): NotificationAction | null {
  switch (status) {
    case 'pending':
    case 'sending':
      return 'wait';
    case 'parked':
      return actionForReason(reason);
    case 'failed':
      return 'retry';
    case 'unknown':
      return 'decide';
    // Another notification speaks for a folded one: whatever is to be done is done there.
    case 'folded':
    case 'sent':
    case 'expired':
    case 'withdrawn':
      return null;
  }
}
