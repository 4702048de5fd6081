import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { errorHandler } from '@bull-board/api/dist/handlers/error.js';
import { FastifyAdapter } from '@bull-board/fastify';
import { type Db, recordAudit } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import { backendName, QUEUE_NAME } from '@replybell/queue';
import type { App, GuardedParts } from '../app.ts';
import { allowPage } from '../edges/security-headers.ts';
import { SIGN_IN_PATH } from '../identity/authenticate.ts';
import { sendProblem } from '../problem.ts';

/** What the board can't read of a queue, told on its page. */
const descriptions = {
  redis: 'In Redis. Lost jobs are made again.',
  postgres: 'In PostgreSQL: no list of workers; while paused, waiting jobs count as 0.',
};

/** Bull Board, for people with a browser: jobs by state, retry, promote, pause, clean. */
export function queueBoard(app: App, { config, db, identity, logger, queue }: GuardedParts): void {
  app.addHook('onRequest', identity.requireCallerOfPage);
  app.addHook('onRequest', allowPage);
  auditChanges(app, db, logger);
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found'));

  const backend = backendName({ databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL });
  const notifications = new BullMQAdapter(queue, { description: descriptions[backend] });
  notifications.setFormatter(
    'name',
    ({ data }) => `notification ${data?.notificationId} of ticket ${data?.ticketId}`,
  );

  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath('/admin/queues');
  createBullBoard({
    queues: [notifications],
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Replybell',
        hideDocsLink: true,
        miscLinks: [{ text: 'Your account', url: SIGN_IN_PATH }],
      },
    },
  });
  const outage = createOutageLog(logger, { failed: 'Bull Board could not read the queue' });
  serverAdapter.setErrorHandler((error) => {
    const answer = errorHandler(error);
    if (answer.status === 500) outage.failed(error);
    return answer;
  });
  app.register(serverAdapter.registerPlugin());
}

/**
 * Notes in the audit trail what was changed with the board, after the answer: the queue is no part of a transaction, so
 * an entry may be missing if the database is away just then. The log tells.
 */
function auditChanges(app: App, db: Db, logger: Logger): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, caller } = request;
    if (method === 'GET' || method === 'HEAD' || caller === null || reply.statusCode >= 400) return;
    const path = request.url.split('?', 1)[0];
    try {
      await recordAudit(db, {
        actor: caller,
        action: `queue.${actionIn(request.routeOptions.url)}`,
        subject: `queue:${QUEUE_NAME}`,
        requestId: request.id,
        detail: { method, path },
      });
    } catch (error) {
      logger.warn({ err: error, method, path }, 'A change in Bull Board is missing in the audit trail');
    }
  });
}

/** What a route of the board does, by the last fixed part of its address: `…/:queueName/retry/:queueStatus` retries. */
function actionIn(route = ''): string {
  const parts = route.split('/').filter((part) => !part.startsWith(':'));
  return (parts.at(-1) ?? '').replaceAll('-', '_');
}
