import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { App } from '../app.ts';

/** Takes the id that a proxy or client gave in `x-request-id`, if it is a plain one, or makes one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Answers each request with its id, and writes one line about it to the log: no headers, query or body. */
export function trackRequests(app: App): void {
  app.decorateRequest('problemCode', '');
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        statusCode: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(request.problemCode && { code: request.problemCode }),
      },
      'Request answered',
    );
    done();
  });
}
