import { ticketPriorities, ticketStatuses } from '@replybell/database';
import Type from 'typebox';
import { id, nullable, text, time } from './fields.ts';
import { notification, promisedNotification } from './notifications.ts';

const status = Type.Enum([...ticketStatuses], { title: 'TicketStatus' });
const priority = Type.Enum([...ticketPriorities], { title: 'TicketPriority' });
const messageText = text({ maxLength: 10_000 });

export const newTicket = Type.Object(
  {
    userId: id,
    subject: text({ maxLength: 1_000 }),
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
    q: Type.Optional(
      text({
        maxLength: 100,
        description: 'Tickets whose subject, or whose user’s name, contains this text.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '50 if not given.' })),
    cursor: Type.Optional(
      Type.String({ maxLength: 64, description: 'The `nextCursor` of the page before this one.' }),
    ),
  },
  { additionalProperties: false },
);

export const ticketStatusChange = Type.Object(
  { status },
  { title: 'TicketStatusChange', additionalProperties: false, examples: [{ status: 'closed' }] },
);

export const ticket = Type.Object(
  {
    id,
    userId: id,
    subject: Type.String(),
    status,
    priority,
    createdAt: time,
    updatedAt: time,
  },
  { title: 'Ticket' },
);

export const ticketPage = Type.Object(
  {
    items: Type.Array(ticket),
    nextCursor: nullable(Type.String({ description: 'Null on the last page.' })),
  },
  { title: 'TicketPage' },
);

const message = Type.Object(
  {
    id,
    ticketId: id,
    author: Type.Enum(['user', 'admin']),
    message: Type.String(),
    createdAt: time,
  },
  { title: 'Message' },
);

export const ticketWithMessages = Type.Object(
  {
    ...ticket.properties,
    messages: Type.Array(
      Type.Object(
        { ...message.properties, notification: nullable(notification) },
        { title: 'MessageWithNotification' },
      ),
    ),
  },
  { title: 'TicketWithMessages' },
);

export const newReply = Type.Object(
  { message: messageText },
  { title: 'NewReply', additionalProperties: false, examples: [{ message: 'Уже вернули' }] },
);

export const storedReply = Type.Object(
  { reply: message, notification: promisedNotification },
  { title: 'StoredReply' },
);
