import { COUNTED_TO, ticketPriorities, ticketStatuses } from '@replybell/database';
import Type from 'typebox';
import { id, nullable, page, pageQuery, text, time } from './fields.ts';
import { notification, promisedNotification } from './notifications.ts';

const status = Type.Enum([...ticketStatuses], { title: 'TicketStatus' });
const priority = Type.Enum([...ticketPriorities], { title: 'TicketPriority' });
export const messageText = text({ maxLength: 10_000 });
export const subject = text({ maxLength: 1_000 });

export const newTicket = Type.Object(
  {
    userId: id,
    subject,
    message: text({ maxLength: 10_000, description: "The ticket's first message, the user's." }),
    priority: Type.Optional(priority),
  },
  {
    title: 'NewTicket',
    additionalProperties: false,
    examples: [{ userId: 17, subject: 'Проблема с балансом', message: 'Где деньги?' }],
  },
);

export const ticketFilter = Type.Object(
  {
    status: Type.Optional(status),
    priority: Type.Optional(priority),
    unanswered: Type.Optional(
      Type.Boolean({
        description: '`true`: not closed, and the last message is the user’s. `false`: all others.',
      }),
    ),
    userId: Type.Optional(id),
    q: Type.Optional(
      text({
        maxLength: 100,
        description:
          'Tickets whose subject, or whose user’s name, contains this text, in upper or lower case. One or two characters are ' +
          'looked for at the beginning of words.',
      }),
    ),
    ...pageQuery,
  },
  { additionalProperties: false },
);

export const ticketStatusChange = Type.Object(
  { status },
  { title: 'TicketStatusChange', additionalProperties: false, examples: [{ status: 'closed' }] },
);

export const ticketChanges = Type.Object(
  { status: Type.Optional(status), priority: Type.Optional(priority) },
  {
    title: 'TicketChanges',
    additionalProperties: false,
    minProperties: 1,
    examples: [{ status: 'in_progress', priority: 'high' }],
  },
);

export const ticket = Type.Object(
  {
    id,
    userId: id,
    subject: Type.String({ examples: ['Проблема с балансом'] }),
    status,
    priority,
    unanswered: Type.Boolean({ description: 'Not closed, and the last message is the user’s.' }),
    lastMessageAt: time,
    createdAt: time,
    updatedAt: Type.Unsafe<Date>({
      ...time,
      description: 'The last activity: a message, a status, a priority.',
    }),
  },
  { title: 'Ticket' },
);

const namedTicket = Type.Object(
  {
    ...ticket.properties,
    username: Type.String({ description: 'The name of the ticket’s user.', examples: ['anna'] }),
  },
  { title: 'NamedTicket' },
);

export const ticketPage = page(namedTicket);

const count = Type.Integer({ minimum: 0, maximum: COUNTED_TO });

export const ticketCounts = Type.Object(
  {
    byStatus: Type.Object({ open: count, in_progress: count, waiting_user: count, closed: count }),
    unanswered: count,
    countedTo: Type.Integer({
      description: 'Nothing is counted further: a count of so many means as many or more.',
    }),
  },
  {
    title: 'TicketCounts',
    examples: [
      {
        byStatus: { open: 12, in_progress: 3, waiting_user: 240, closed: COUNTED_TO },
        unanswered: 14,
        countedTo: COUNTED_TO,
      },
    ],
  },
);

export const message = Type.Object(
  {
    id,
    ticketId: id,
    author: Type.Enum(['user', 'admin'], { examples: ['admin'] }),
    message: Type.String({ examples: ['Уже вернули'] }),
    createdAt: time,
  },
  { title: 'Message' },
);

const threadMessage = Type.Object(
  { ...message.properties, notification: nullable(notification) },
  { title: 'MessageWithNotification' },
);

export const ticketWithMessages = Type.Object(
  {
    ...namedTicket.properties,
    messages: Type.Array(threadMessage, {
      description: 'The newest fifty, from the oldest to the newest.',
    }),
    olderCursor: nullable(
      Type.String({ description: 'The `cursor` for the messages before these; null if these are all.' }),
    ),
  },
  { title: 'TicketWithMessages' },
);

export const messagePage = page(threadMessage);

export const newReply = Type.Object(
  { message: messageText },
  { title: 'NewReply', additionalProperties: false, examples: [{ message: 'Уже вернули' }] },
);

export const storedReply = Type.Object(
  { reply: message, notification: promisedNotification },
  { title: 'StoredReply' },
);
