import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '@replybell/logger';
import { type ProblemCode, problemOf } from '../problem.ts';

/**
 * For Fastify's `clientErrorHandler`: answers what Node's HTTP parser gave up on, so what never became a request: malformed,
 * with too many headers, or too slow. Then the connection ends, as nobody knows where in it a next request would begin.
 */
export function answerBrokenRequests(logger: Logger) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code !== 'ECONNRESET' && socket.writable) {
      const problem = problemOf(codeOf(error), randomUUID());
      const { status: statusCode, code, requestId } = problem;
      const body = JSON.stringify(problem);
      socket.write(
        [
          `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
          'content-type: application/problem+json',
          `content-length: ${Buffer.byteLength(body)}`,
          `x-request-id: ${requestId}`,
          'connection: close',
          '',
          body,
        ].join('\r\n'),
      );
      logger.info({ requestId, statusCode, code }, 'Request answered');
    }
    socket.destroy(error);
  };
}

function codeOf({ code }: NodeJS.ErrnoException): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_too_slow' : 'malformed_request';
}
