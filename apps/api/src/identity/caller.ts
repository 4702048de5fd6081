import type { Role } from '@replybell/database';
import type { FastifyRequest } from 'fastify';

/** Who makes a request: an admin who has signed in, another backend with its API key, or whoever has `ADMIN_API_KEY`. */
export type Caller = {
  kind: 'admin' | 'api_key' | 'environment_key';
  /** Of the admin or the key; `ADMIN_API_KEY` has none. */
  id: number | null;
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
