import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { problemOf, sendProblem } from '../problem.ts';
import { networkOf } from './network-of.ts';
import { createWindowCounter } from './window-counter.ts';

const WINDOW = { windowMs: 60_000, maxKeys: 10_000 };

/**
 * Answers 429 with `Retry-After` to a caller of `/api` that makes more than `perMinute` requests in a minute, and to an
 * address that fails to identify itself more than a tenth as often. Right credentials keep working from such an
 * address: behind a proxy that isn't trusted all clients have one address, and a stranger must not lock them out.
 *
 * @param perMinute RATE_LIMIT_PER_MINUTE, of each API process; 0: no limit.
 */
export function limitRate(app: App, perMinute: number): void {
  if (perMinute === 0) return;
  const requests = createWindowCounter(WINDOW);
  const failures = createWindowCounter(WINDOW);
  const failuresPerMinute = Math.ceil(perMinute / 10);

  // After every `onRequest`, so the caller is known to be who it says; before its body is read.
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (!request.url.startsWith('/api/')) return done();
    const { count, endsInMs } = requests(limitedAs(request));
    if (count <= perMinute) return done();
    reply.header('retry-after', Math.ceil(endsInMs / 1_000));
    sendProblem(reply, 'too_many_requests');
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode !== 401) return done(null, payload);
    const { count, endsInMs } = failures(networkOf(request.ip));
    if (count <= failuresPerMinute) return done(null, payload);
    request.problemCode = 'too_many_requests';
    reply
      .code(429)
      .header('retry-after', Math.ceil(endsInMs / 1_000))
      .removeHeader('www-authenticate');
    done(null, JSON.stringify(problemOf('too_many_requests', request.id)));
  });
}

/** Who makes a request, whatever they identify themselves by; their address if nobody was asked for. */
function limitedAs({ caller, userId, ip }: FastifyRequest): string {
  if (caller) return caller.key;
  return userId ? `user:${userId}` : networkOf(ip);
}
