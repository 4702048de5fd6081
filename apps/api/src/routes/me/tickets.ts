import {
  findUserTicket,
  insertTicket,
  insertUserMessage,
  listMessages,
  listUserTickets,
  takeAllowance,
  withdrawSeen,
} from '@replybell/database';
import type { FastifyReply } from 'fastify';
import type { App, AppParts } from '../../app.ts';
import { createOwnOnce } from '../../change.ts';
import { pageOf } from '../../page.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams, onlyPageQuery } from '../../schemas/fields.ts';
import { myNewMessage, myNewTicket, myTicketPage, myTicketWithMessages } from '../../schemas/me.ts';
import { message as messageSchema, ticket as ticketSchema } from '../../schemas/tickets.ts';

const ticketAllowance = { kind: 'ticket', times: 5, withinMs: 3_600_000 } as const;
const messageAllowance = { kind: 'message', times: 10, withinMs: 60_000 } as const;

export function myTicketRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/tickets',
    {
      schema: {
        operationId: 'listMyTickets',
        summary: "List the user's tickets, the newest first",
        querystring: onlyPageQuery,
        response: { 200: myTicketPage },
      },
    },
    async (request) => {
      return pageOf(request.query, (position) => listUserTickets(db, request.userId, position));
    },
  );

  app.get(
    '/tickets/:id',
    {
      config: { refuses: ['ticket_not_found'] },
      // Whoever asks for the headers only has seen nothing.
      exposeHeadRoute: false,
      schema: {
        operationId: 'getMyTicket',
        summary: 'Open a ticket: its newest messages',
        description:
          'What the answer shows needs no notification any more: those of its replies that still wait are withdrawn.',
        params: idParams,
        querystring: onlyPageQuery,
        response: { 200: myTicketWithMessages },
      },
    },
    async (request) => {
      const ticket = await findUserTicket(db, request.userId, request.params.id);
      if (!ticket) throw new ProblemError('ticket_not_found');
      const { items, nextCursor: olderCursor } = await pageOf(request.query, (position) =>
        listMessages(db, ticket.id, position),
      );
      const messages = items.reverse();
      await withdrawSeen(
        db,
        messages.filter(({ author }) => author === 'admin').map(({ id }) => id),
      );
      return { ...ticket, messages, olderCursor };
    },
  );

  app.post(
    '/tickets',
    {
      config: { refuses: ['user_not_found', 'user_erased', 'writing_too_fast'] },
      schema: {
        operationId: 'openMyTicket',
        summary: 'Open a ticket with its first message',
        description: `At most ${ticketAllowance.times} at once; that many again come back within an hour.`,
        headers: idempotencyHeader,
        body: myNewTicket,
        response: { 201: ticketSchema },
      },
    },
    async (request, reply) =>
      createOwnOnce({ db, request, reply }, async (trx) => {
        const { userId } = request;
        refuseHaste(await takeAllowance(trx, userId, ticketAllowance), reply);
        const inserted = await insertTicket(trx, { ...request.body, userId, priority: 'medium' });
        if (inserted.kind !== 'inserted') throw new ProblemError(inserted.kind);
        return { subject: `ticket:${inserted.ticket.id}`, result: inserted.ticket };
      }),
  );

  app.post(
    '/tickets/:id/messages',
    {
      config: {
        refuses: ['user_not_found', 'ticket_not_found', 'ticket_closed', 'user_erased', 'writing_too_fast'],
      },
      schema: {
        operationId: 'writeInMyTicket',
        summary: 'Write in a ticket',
        description:
          'A ticket that waited for the user is open again; a closed one takes no message. At most ' +
          `${messageAllowance.times} at once; that many again come back within a minute.`,
        params: idParams,
        headers: idempotencyHeader,
        body: myNewMessage,
        response: { 201: messageSchema },
      },
    },
    async (request, reply) =>
      createOwnOnce({ db, request, reply }, async (trx) => {
        const { userId } = request;
        refuseHaste(await takeAllowance(trx, userId, messageAllowance), reply);
        const ticketId = request.params.id;
        const inserted = await insertUserMessage(trx, { userId, ticketId, ...request.body });
        if (inserted.kind !== 'inserted') throw new ProblemError(inserted.kind);
        return { subject: `ticket:${ticketId}`, result: inserted.message };
      }),
  );
}

/** @throws ProblemError unless the allowance was taken; the answer says when to try again. */
function refuseHaste(taken: Awaited<ReturnType<typeof takeAllowance>>, reply: FastifyReply): void {
  switch (taken.kind) {
    case 'taken':
      return;
    case 'used_up':
      reply.header('retry-after', Math.max(1, Math.ceil(taken.freeInMs / 1_000)));
      throw new ProblemError('writing_too_fast');
    case 'user_not_found':
      throw new ProblemError('user_not_found');
  }
}
