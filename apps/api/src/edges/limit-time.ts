import type { App } from '../app.ts';
import { sendProblem } from '../problem.ts';

/**
 * A little longer than the wait for a connection (5 s) and one statement (5 s) take at most: a client gets its answer even
 * if the handler's statements wait, one after another, for a silent database.
 */
export const HANDLER_TIMEOUT_MS = 10_500;

/**
 * Answers 503 when a handler has not answered within `timeoutMs` milliseconds, and 408 when the body has not arrived by
 * then; the statement that a handler waits for has been ended by then, others of it may follow.
 * (Fastify's `handlerTimeout` does the same, but its abort signal costs each request a twentieth of a millisecond.)
 */
export function limitTime(app: App, timeoutMs: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    const timer = setTimeout(() => {
      if (reply.sent) return;
      if (request.raw.complete !== false) return void sendProblem(reply, 'timed_out');
      // What is left of the body isn't worth waiting for.
      sendProblem(reply.header('connection', 'close'), 'request_too_slow');
    }, timeoutMs);
    reply.raw.once('close', () => clearTimeout(timer));
    done();
  });
}
