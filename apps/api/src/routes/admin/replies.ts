import { createReplyInserter } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { callerOf } from '../../identity/caller.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams } from '../../schemas/fields.ts';
import { newReply, storedReply } from '../../schemas/tickets.ts';

export function replyRoutes(app: App, { db, enqueuer }: AppParts): void {
  const insertReply = createReplyInserter(db);

  app.post(
    '/tickets/:id/replies',
    {
      config: { refuses: ['ticket_not_found', 'ticket_closed', 'user_erased'] },
      schema: {
        operationId: 'replyToTicket',
        tags: ['tickets'],
        summary: 'Reply to a ticket; the user is told in Telegram',
        description:
          '201 says that the reply and the promise to tell the user are stored. What became of the promise: ' +
          'GET /api/admin/notifications/:id. With an `Idempotency-Key`, the same request can be repeated for 24 hours: ' +
          'it gets the same answer and makes no second reply.',
        params: idParams,
        headers: idempotencyHeader,
        body: newReply,
        response: { 201: storedReply },
      },
    },
    async (request, reply) => {
      const ticketId = request.params.id;
      const { message } = request.body;
      const caller = callerOf(request);
      const key = request.headers['idempotency-key'];
      const inserted = await insertReply({
        ticketId,
        message,
        requestId: request.id,
        actor: caller,
        ...(key !== undefined && { idempotency: { caller: caller.key, key } }),
      });
      if (inserted.kind !== 'inserted') throw new ProblemError(inserted.kind);

      // Committed. The queue may be slow or away: nobody waits for it, the worker's relay adds what it misses.
      const { id, epoch } = inserted.notification;
      enqueuer.enqueue({ notificationId: id, ticketId, epoch });
      reply.code(201);
      return inserted;
    },
  );
}
