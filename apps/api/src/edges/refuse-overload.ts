import underPressure from '@fastify/under-pressure';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { ProblemError, sendProblem } from '../problem.ts';

/** Several seconds' work: who came later would wait longer than a client does. */
const MAX_IN_FLIGHT = 1_000;
/** The mean of a second. A healthy process stays below 50 ms. */
const MAX_EVENT_LOOP_DELAY_MS = 1_000;

/**
 * Answers 503 with `Retry-After` at once, instead of late, while the process has more to do than it can. Probes are
 * answered all the same: a busy process is none that should be killed.
 */
export function refuseOverload(app: App): void {
  app.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY_MS,
    pressureHandler: async (request) => {
      if (!isProbe(request)) throw new ProblemError('overloaded');
    },
  });

  let inFlight = 0;
  app.addHook('onRequest', (request, reply, done) => {
    inFlight += 1;
    // Not `onResponse`, which doesn't come if the client goes away before its answer, nor after a stream.
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
    if (inFlight <= MAX_IN_FLIGHT || isProbe(request)) return done();
    sendProblem(reply, 'overloaded');
  });
}

function isProbe({ url }: FastifyRequest): boolean {
  return url === '/healthz' || url === '/readyz';
}
