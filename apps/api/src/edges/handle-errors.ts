import { isConflict, isRefusedAsErased, isStorageUnavailable } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import type { FastifyError } from 'fastify';
import type { App } from '../app.ts';
import { ProblemError, problemOfStatus, sendProblem } from '../problem.ts';
import { answerUnknown } from './answer-unknown.ts';

/**
 * Turns everything that is thrown, and unknown addresses, into problem details. An outage of the database is a 503
 * and logged once; what nobody foresaw is a 500 that tells the client the request's id only.
 */
export function handleErrors(app: App, logger: Logger): void {
  const databaseOutage = createOutageLog(logger, {
    failed: 'The database is not available: requests are answered 503 until it is back',
  });

  app.setErrorHandler((error: FastifyError | ProblemError, request, reply) => {
    if (error instanceof ProblemError) return sendProblem(reply, error.code, error.errors);
    // The client has gone before its body was here: Node names that as it names the errors of our own connections.
    if (request.raw.destroyed && !request.raw.complete) return sendProblem(reply, 'malformed_request');
    if (isStorageUnavailable(error)) {
      databaseOutage.failed(error);
      return sendProblem(reply, 'database_unavailable');
    }
    // Others were in its way time after time; nothing is wrong with the database.
    if (isConflict(error)) return sendProblem(reply, 'busy');
    if (isRefusedAsErased(error)) return sendProblem(reply, 'user_erased');
    if (isUnstorableText(error)) {
      return sendProblem(reply, 'validation_failed', [
        { path: '', message: 'must be well-formed Unicode without the character U+0000' },
      ]);
    }
    const code = problemOfStatus(error.statusCode);
    if (code === 'internal_error') request.log.error({ err: error }, 'Unexpected error');
    return sendProblem(reply, code);
  });

  app.setNotFoundHandler(answerUnknown);
}

/** Whether PostgreSQL was given text that it can't store: with NUL, or with bytes that are no UTF-8 (22021, 22P05). */
function isUnstorableText(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '22021' || error.code === '22P05');
}
