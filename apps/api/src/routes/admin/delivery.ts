import { countBacklog, endPause, findPauses, pauseByOperator } from '@replybell/database';
import { queueHealth } from '@replybell/queue';
import type { App, AppParts } from '../../app.ts';
import { change } from '../../change.ts';
import { callerOf } from '../../identity/caller.ts';
import { deliveryState, pauseRequest } from '../../schemas/delivery.ts';

const QUEUE_TIMEOUT_MS = 1_500;

const tags = ['delivery'];

export function deliveryRoutes(app: App, { db, queue }: AppParts): void {
  const response = { 200: deliveryState };

  app.get(
    '/delivery',
    {
      schema: {
        operationId: 'getDelivery',
        tags,
        summary: 'Whether notifications are being delivered, and if not, why and until when',
        description:
          'Also how many notifications wait, since when the oldest does, and how many workers there are.',
        response,
      },
    },
    state,
  );

  app.post(
    '/delivery/pause',
    {
      config: { optionalBody: true },
      schema: {
        operationId: 'pauseDelivery',
        tags,
        summary: 'Pause all deliveries until they are resumed',
        description:
          'Replies are stored and promised as always. No worker begins to send a notification any more; what is under ' +
          'way is finished. The pause outlasts restarts; pausing again is harmless.',
        body: pauseRequest,
        response,
      },
    },
    async (request) => {
      const { reason } = request.body;
      const { name } = callerOf(request);
      await change({ db, request, action: 'delivery.pause' }, async (trx) => {
        await pauseByOperator(trx, reason === undefined ? name : `${name}: ${reason}`);
        return { subject: 'delivery', result: undefined };
      });
      return state();
    },
  );

  app.post(
    '/delivery/resume',
    {
      schema: {
        operationId: 'resumeDelivery',
        tags,
        summary: 'End the pause that an admin made',
        description:
          'Deliveries go on within a second, in the usual pace. Pauses for other reasons end by themselves. Resuming what ' +
          'is not paused is harmless.',
        response,
      },
    },
    async (request) => {
      await change({ db, request, action: 'delivery.resume' }, async (trx) => {
        await endPause(trx, 'operator');
        return { subject: 'delivery', result: undefined };
      });
      return state();
    },
  );

  async function state() {
    const [pauses, backlog, health] = await Promise.all([
      findPauses(db),
      countBacklog(db),
      queueHealth(queue, QUEUE_TIMEOUT_MS),
    ]);
    return {
      paused: pauses.length > 0 || (health.ok && health.paused),
      pauses,
      backlog: backlog.counts,
      oldestDueAt: backlog.oldestDueAt,
      queue: health.ok
        ? { status: health.paused ? ('paused' as const) : ('ok' as const), workers: health.workers }
        : { status: 'unavailable' as const, workers: null },
    };
  }
}
