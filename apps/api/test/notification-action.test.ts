import { notificationStatuses } from '@replybell/database';
import { expect, test } from 'vitest';
import { actionFor } from '../src/notification-action.ts';

const cases = [
  ['pending', null, 'wait'],
  ['pending', 'too_many_requests', 'wait'],
  ['sending', null, 'wait'],
  ['sent', null, null],
  ['parked', 'no_telegram_id', 'relink'],
  ['parked', 'chat_not_found', 'relink'],
  ['parked', 'chat_not_started', 'relink'],
  ['parked', 'user_deactivated', 'relink'],
  ['parked', 'bot_blocked', 'wait'],
  ['failed', 'message_refused', 'retry'],
  ['unknown', 'lease_expired', 'decide'],
  ['folded', null, null],
  ['expired', 'waited_too_long', null],
  ['withdrawn', 'user_erased', null],
] as const;

test.each(cases)('%s because of %s: the admin’s action is %s', (status, reason, action) => {
  expect(actionFor({ status, reason })).toBe(action);
});

test('the cases above name every status', () => {
  expect(new Set(cases.map(([status]) => status))).toEqual(new Set(notificationStatuses));
});
