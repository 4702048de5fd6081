import type { App, GuardedParts } from '../../app.ts';
import { callerOf } from '../../identity/caller.ts';
import { openEventStream } from '../../live/event-stream.ts';
import { createFeed } from '../../live/feed.ts';
import type { ProcessMetrics } from '../../metrics/process-metrics.ts';
import { ProblemError } from '../../problem.ts';
import { eventStream, eventsDescription, lastEventHeader } from '../../schemas/events.ts';

export function eventRoutes(
  app: App,
  { db, identity, logger, processMetrics }: GuardedParts & { processMetrics: ProcessMetrics },
): void {
  const feed = createFeed({ db, logger });
  app.addHook('preClose', () => feed.close());

  app.get(
    '/events',
    {
      // Nothing would end the answer to a HEAD.
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamEvents',
        tags: ['notifications'],
        summary: 'What changes, as it changes (server-sent events)',
        description: eventsDescription,
        headers: lastEventHeader,
        response: { 200: eventStream },
      },
    },
    async (request, reply) => {
      const { key } = callerOf(request);
      if (!feed.hasRoomFor(key)) throw new ProblemError('no_stream_free');
      const stream = openEventStream(reply, {
        readBy: key,
        mayRead: () => identity.isStillKnown(request),
        onClose() {
          feed.leave(stream);
          processMetrics.eventStreams.dec();
        },
      });
      processMetrics.eventStreams.inc();
      feed.join(stream, request.headers['last-event-id']);
      return reply;
    },
  );
}
