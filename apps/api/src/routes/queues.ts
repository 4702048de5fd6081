import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { errorHandler } from '@bull-board/api/dist/handlers/error.js';
import { FastifyAdapter } from '@bull-board/fastify';
import { createOutageLog } from '@replybell/logger';
import { backendName } from '@replybell/queue';
import type { App, GuardedParts } from '../app.ts';
import { sendProblem } from '../problem.ts';
import { allowPage } from '../security-headers.ts';

/** What the board can't read of a queue, told on its page. */
const descriptions = {
  redis: 'In Redis. Lost jobs are made again.',
  postgres: 'In PostgreSQL: no list of workers; while paused, waiting jobs count as 0.',
};

/** Bull Board, for people with a browser: jobs by state, retry, promote, pause, clean. */
export function queueBoard(app: App, { config, identity, logger, queue }: GuardedParts): void {
  app.addHook('onRequest', identity.requireCallerOfPage);
  app.addHook('onRequest', allowPage);
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
    options: { uiConfig: { boardTitle: 'Replybell', hideDocsLink: true } },
  });
  const outage = createOutageLog(logger, { failed: 'Bull Board could not read the queue' });
  serverAdapter.setErrorHandler((error) => {
    const answer = errorHandler(error);
    if (answer.status === 500) outage.failed(error);
    return answer;
  });
  app.register(serverAdapter.registerPlugin());
}
