import { notificationStatuses, outcomes } from '@replybell/database';
import { locales } from '@replybell/telegram';
import Type from 'typebox';
import { notificationActions } from '../notification-action.ts';
import {
  givenTelegramId,
  httpsUrl,
  id,
  notificationId,
  nullable,
  page,
  pageQuery,
  period,
  reasonCode,
  text,
  time,
} from './fields.ts';
import { localeTag } from './users.ts';

const reasonText = nullable(
  Type.String({ description: 'The reason in words, in the language of `Accept-Language`; `ru` without it.' }),
);
const status = Type.Enum([...notificationStatuses], { title: 'NotificationStatus' });
const telegramMessageId = nullable(Type.Integer({ examples: [4_712] }));

/** What the answer to a reply tells of its notification. */
export const promisedNotification = Type.Object(
  { id: notificationId, status },
  { title: 'PromisedNotification' },
);

export const notification = Type.Object(
  {
    id: notificationId,
    ticketId: id,
    userId: id,
    foreign: Type.Boolean({
      description:
        'Whether another system keeps the ticket: `ticketId` is its number there, no ticket of Replybell.',
    }),
    subject: nullable(Type.String({ description: "Of another system's ticket; null if it is Replybell's." })),
    url: nullable(
      Type.String({
        description: 'What the button opens in place of the Mini App, if another system said so.',
      }),
    ),
    status: Type.Enum([...notificationStatuses], { title: 'NotificationStatus', examples: ['sent'] }),
    reason: nullable(Type.String({ description: 'Why the status is what it is, as a stable code.' })),
    reasonText,
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
    telegramMessageId,
    createdAt: time,
    sentAt: nullable(Type.Unsafe<Date>({ ...time, examples: ['2026-01-31T08:00:00.000Z'] })),
  },
  { title: 'Notification' },
);

const attempt = Type.Object(
  {
    startedAt: time,
    endedAt: nullable(Type.Unsafe<Date>({ ...time, examples: ['2026-01-31T08:00:00.000Z'] })),
    outcome: nullable(Type.Enum([...outcomes], { title: 'Outcome', examples: ['sent'] })),
    reason: nullable(Type.String()),
    reasonText,
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

/** A notification of another system's ticket, as it is when it was made. */
export const createdNotification = Type.Object(notificationWithTimeline.properties, {
  title: 'NotificationWithTimeline',
  examples: [
    {
      id: '42',
      ticketId: 4711,
      userId: 17,
      foreign: true,
      subject: 'Where is my parcel?',
      url: 'https://helpdesk.example.com/tickets/4711',
      status: 'pending',
      reason: null,
      reasonText: null,
      attempts: 0,
      dueAt: '2026-01-31T08:00:00.000Z',
      nextAttemptAt: '2026-01-31T08:00:00.000Z',
      action: 'wait',
      telegramMessageId: null,
      createdAt: '2026-01-31T08:00:00.000Z',
      sentAt: null,
      timeline: [],
    },
  ],
});

/** Which tickets' and whose notifications a list or a bulk retry takes. */
const aboutFilter = {
  ticketId: Type.Optional(
    Type.Integer({
      ...id,
      description:
        "A ticket's number. Replybell's ticket and another system's may have the same one: `foreign` tells which is meant.",
    }),
  ),
  foreign: Type.Optional(
    Type.Boolean({
      description:
        "`true`: only those of other systems' tickets. `false`: only those of Replybell's own. Both if not given.",
    }),
  ),
  userId: Type.Optional(id),
  telegramId: Type.Optional(
    Type.Integer({
      ...givenTelegramId,
      description: 'The user who has this Telegram id now; none if nobody has it.',
    }),
  ),
};

export const notificationFilter = Type.Object(
  {
    status: Type.Optional(status),
    reason: Type.Optional(reasonCode),
    ...period,
    ...aboutFilter,
    ...pageQuery,
  },
  { additionalProperties: false },
);

export const notificationPage = page(notification);

/** The body of an operator's word on an unknown outcome. */
export const resolution = Type.Object(
  { outcome: Type.Enum(['sent', 'resend']) },
  { title: 'Resolution', additionalProperties: false, examples: [{ outcome: 'sent' }] },
);

export const redrive = Type.Object(
  {
    filter: Type.Object(
      {
        status: Type.Optional(
          Type.Enum(['failed', 'unknown'], {
            description:
              '`failed` if not given. `unknown` only if it is named: who got the message gets it twice.',
          }),
        ),
        reason: Type.Optional(reasonCode),
        ...period,
        ...aboutFilter,
      },
      { additionalProperties: false },
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only count.' })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'At most so many in this call; 1,000.' }),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      { filter: { reason: 'attempts_used_up', since: '2026-01-31T08:00:00Z' }, dryRun: true },
      { filter: { ticketId: 4711, foreign: true } },
    ],
  },
);

export const redriven = Type.Object(
  {
    retried: Type.Integer({ description: 'How many are sent again; 0 with `dryRun`.' }),
    remaining: Type.Integer({ description: 'How many others match, counted up to 10,000.' }),
    moreRemain: Type.Boolean({ description: 'There are more than `remaining`.' }),
  },
  { title: 'Redriven' },
);

export const newNotification = Type.Object(
  {
    userId: Type.Optional(
      Type.Integer({ ...id, description: 'Whom to tell: exactly one of `userId` and `telegramId`.' }),
    ),
    telegramId: Type.Optional(
      Type.Integer({
        ...givenTelegramId,
        description:
          'Whom to tell, by Telegram id: exactly one of `userId` and `telegramId`. A user is created if none has it.',
      }),
    ),
    ticketId: Type.Integer({ ...id, description: "The ticket's number in your system." }),
    subject: text({ maxLength: 1_000 }),
    url: Type.Optional(
      httpsUrl('What the button opens. The Mini App, with the number of the ticket, if not given.'),
    ),
    locale: Type.Optional(
      localeTag(
        "The message's language, as a BCP 47 tag, in place of the user's; of a user who is created it becomes theirs. There " +
          'are texts in `ru` and `en`: any other language gets `ru`.',
      ),
    ),
  },
  {
    title: 'NewNotification',
    additionalProperties: false,
    examples: [
      {
        telegramId: 123456789,
        ticketId: 4711,
        subject: 'Where is my parcel?',
        url: 'https://helpdesk.example.com/tickets/4711',
        locale: 'en',
      },
    ],
  },
);

const messageLocale = Type.Enum([...locales]);

export const previewRequest = Type.Object(
  {
    ticketId: id,
    locale: Type.Optional(
      Type.Enum([...locales], {
        description: 'A language that there are texts in; all of them if not given.',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ ticketId: 123, locale: 'en' }] },
);

export const preview = Type.Object(
  {
    userLocale: Type.Enum([...locales], { description: 'The language in which the user would get it.' }),
    items: Type.Array(
      Type.Object({
        locale: messageLocale,
        html: Type.String({
          description: "The text as it is sent, in Telegram's HTML.",
          examples: ['💬 <b>Новый ответ в тикете поддержки</b>…'],
        }),
        text: Type.String({
          description: 'The text as the user sees it.',
          examples: ['💬 Новый ответ в тикете поддержки…'],
        }),
        button: Type.Object({
          text: Type.String({ examples: ['📱 Открыть тикет'] }),
          url: Type.String({ examples: ['https://app.example.com?startapp=support_ticket_1'] }),
          opensInTelegram: Type.Boolean({ description: 'Whether the button opens a Mini App.' }),
        }),
      }),
    ),
  },
  { title: 'Preview' },
);

export const testRequest = Type.Object(
  {
    telegramId: givenTelegramId,
    locale: Type.Optional(
      Type.Enum([...locales], {
        description: 'A language that there are texts in; as in `Accept-Language` if not given.',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ telegramId: 123456789 }] },
);

export const testResult = Type.Object(
  {
    outcome: Type.Enum([...outcomes, 'not_sent'], {
      description:
        '`sent`: Telegram accepted it. `not_sent`: it did not leave, see `reason`. The others: what Telegram said, or that it said nothing.',
    }),
    reason: nullable(Type.String({ description: 'A stable code; null if it was sent.' })),
    reasonText,
    advice: nullable(Type.String({ description: 'What to do about it.' })),
    detail: nullable(Type.String({ description: "Telegram's own words, or the network's." })),
    telegramMessageId,
  },
  { title: 'TestResult' },
);
