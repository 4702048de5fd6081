import { notificationStatuses, outcomes } from '@replybell/database';
import Type from 'typebox';
import { notificationActions } from '../notification-action.ts';
import { id, notificationId, nullable, time } from './fields.ts';

const status = Type.Enum([...notificationStatuses], { title: 'NotificationStatus' });

/** What the answer to a reply tells of its notification. */
export const promisedNotification = Type.Object(
  { id: notificationId, status },
  { title: 'PromisedNotification' },
);

export const notification = Type.Object(
  {
    id: notificationId,
    ticketId: id,
    status,
    reason: nullable(Type.String({ description: 'Why the status is what it is, as a stable code.' })),
    attempts: Type.Integer({ description: 'How often a call of `sendMessage` was begun.' }),
    dueAt: time,
    nextAttemptAt: nullable(
      Type.Unsafe<Date>({ ...time, description: 'Not before; null unless it waits to be sent.' }),
    ),
    action: nullable(
      Type.Enum([...notificationActions], {
        description:
          'What an admin can do. `relink`: link the user’s account (anew). `retry`: send it again. `decide`: say whether the user ' +
          'has got it. `wait`: it goes on by itself, or when the user acts. Null: nothing.',
      }),
    ),
    telegramMessageId: nullable(Type.Integer()),
    createdAt: time,
    sentAt: nullable(time),
  },
  { title: 'Notification' },
);

const attempt = Type.Object(
  {
    startedAt: time,
    endedAt: nullable(time),
    outcome: nullable(Type.Enum([...outcomes], { title: 'Outcome' })),
    reason: nullable(Type.String()),
    detail: nullable(Type.String({ description: "Telegram's own words, or the network's." })),
  },
  { title: 'Attempt' },
);

export const notificationWithTimeline = Type.Object(
  {
    ...notification.properties,
    timeline: Type.Array(attempt),
  },
  { title: 'NotificationWithTimeline' },
);

/** The body of an operator's word on an unknown outcome. */
export const resolution = Type.Object(
  { outcome: Type.Enum(['sent', 'resend']) },
  { title: 'Resolution', additionalProperties: false, examples: [{ outcome: 'sent' }] },
);
