import { countBacklog, findPauses } from '@replybell/database';
import { queueHealth } from '@replybell/queue';
import type { App, AppParts } from '../../app.ts';
import { deliveryState } from '../../schemas/delivery.ts';

const QUEUE_TIMEOUT_MS = 1_500;

export function deliveryRoutes(app: App, { db, queue }: AppParts): void {
  app.get(
    '/delivery',
    {
      schema: {
        operationId: 'getDelivery',
        tags: ['delivery'],
        summary: 'Whether notifications are being delivered, and if not, why and until when',
        description:
          'Also how many notifications wait, since when the oldest does, and how many workers there are.',
        response: { 200: deliveryState },
      },
    },
    async () => {
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
    },
  );
}
