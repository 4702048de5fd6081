import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problemOfStatus, sendProblem } from '../problem.ts';
import { securityHeaders } from './security-headers.ts';
import { logRequest, nameAnswer } from './track-requests.ts';

/**
 * For Fastify's `frameworkErrors`: answers an address that no route can be looked up by, as it can't be decoded, or a part of
 * it is too long. No hook runs for it, so what the hooks do for all others is done here.
 */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(securityHeaders);
  nameAnswer(request, reply);
  reply.raw.once('finish', () => logRequest(request, reply));
  sendProblem(reply, problemOfStatus(error.statusCode));
}
