import type { Role } from '@replybell/database';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problem.ts';

/** Who makes a request: an admin who has signed in, another backend with its API key, or whoever has `ADMIN_API_KEY`. */
export type Caller = SignedInAdmin | KeyHolder;

export type SignedInAdmin = Known & {
  kind: 'admin';
  id: number;
  email: string;
  /** The session by which they call. */
  sessionId: number;
};

type KeyHolder = Known & ({ kind: 'api_key'; id: number } | { kind: 'environment_key'; id: null });

type Known = {
  name: string;
  role: Role;
  /** `admin:17`, `key:3`, `environment`: what the audit trail and idempotency keys know the caller by. */
  key: string;
};

/**
 * Who makes the request.
 *
 * @throws on a route that asks for no caller.
 */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} asks for no caller`);
  return request.caller;
}

/**
 * The admin who makes the request.
 *
 * @throws ProblemError `session_only` if it is made with a key.
 */
export function adminOf(request: FastifyRequest): SignedInAdmin {
  const caller = callerOf(request);
  if (caller.kind !== 'admin') throw new ProblemError('session_only');
  return caller;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until somebody was asked for, and on routes that ask for nobody. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** The role that the route is for; without it any caller may use it. */
    role?: Role;
  }
}
