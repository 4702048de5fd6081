import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { App, AppParts } from '../app.ts';
import { sendProblem } from '../problem.ts';
import { createApiKeyLookup } from './api-key-lookup.ts';
import type { Caller } from './caller.ts';
import { createSecretCheck } from './secret-check.ts';
import { openSessions, type Sessions } from './sessions.ts';

/** Asks who makes a request. */
export type Identity = {
  sessions: Sessions;
  /** For programs: `Authorization: Bearer <key>` (RFC 6750), or the cookie of a session. The others get 401. */
  requireCaller: onRequestAsyncHookHandler;
  /**
   * For pages: as `requireCaller`, and HTTP Basic (RFC 7617) with any user name and a key as password. A browser without
   * either is led to sign in.
   */
  requireCallerOfPage: onRequestAsyncHookHandler;
  /** Whether a request's credentials are still its caller's: for answers that go on for long. */
  isStillKnown(request: FastifyRequest): Promise<boolean>;
  /** Whether a request comes from a page of another site. */
  isFromElsewhere(request: FastifyRequest): boolean;
};

/** Where browsers are led to sign in; `to` is the address that was asked for. */
export const SIGN_IN_PATH = '/admin/sign-in';

/** Prepares `request.caller` and returns what asks for it. */
export function identify(app: App, { config, db, logger, apiKey }: AppParts & { apiKey: string }): Identity {
  app.decorateRequest('caller', null);
  const sessions = openSessions({ db, config, logger });
  const isEnvironmentKey = createSecretCheck(apiKey);
  const findApiKey = createApiKeyLookup(db, {
    onNoteFailed: (error) => logger.debug({ err: error }, "An API key's use could not be noted"),
  });
  const publicUrl = config.PUBLIC_URL === undefined ? undefined : new URL(config.PUBLIC_URL);

  async function findKey(secret: string | undefined): Promise<Caller | undefined> {
    if (secret === undefined) return undefined;
    return isEnvironmentKey(secret) ? environmentKey : findApiKey(secret);
  }

  async function findSession(request: FastifyRequest, reply: FastifyReply): Promise<Caller | undefined> {
    const session = await sessions.find(request.headers);
    if (session && session.cookies.length > 0) reply.header('set-cookie', session.cookies);
    return session?.caller;
  }

  /** Browsers say where a request comes from: `Sec-Fetch-Site`, the older ones `Origin`. Other clients say nothing. */
  function isFromElsewhere({ headers }: FastifyRequest): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site !== 'same-origin';
    if (headers.origin === undefined || headers.origin === publicUrl?.origin) return false;
    const host = URL.canParse(headers.origin) ? new URL(headers.origin).host : undefined;
    // Under the public name only the public scheme is ours: whoever is in between can write pages of the other.
    return host !== headers.host || host === publicUrl?.host;
  }

  /**
   * A browser adds cookies and Basic credentials to whatever another site's page makes it send, so with them a request
   * that changes something must come from a page of this server.
   */
  function accept(request: FastifyRequest, reply: FastifyReply, caller: Caller, byItself: boolean) {
    if (byItself && isChange(request) && isFromElsewhere(request))
      return sendProblem(reply, 'cross_site_request');
    if (request.routeOptions.config?.role === 'owner' && caller.role !== 'owner') {
      return sendProblem(reply, 'owner_only');
    }
    request.caller = caller;
    return undefined;
  }

  return {
    sessions,
    isFromElsewhere,

    async isStillKnown(request) {
      const bearer = credentials(request, 'bearer');
      const caller = bearer === undefined ? await sessions.look(request.headers) : await findKey(bearer);
      return caller !== undefined && caller.key === request.caller?.key;
    },

    async requireCaller(request, reply) {
      const bearer = credentials(request, 'bearer');
      const caller = bearer === undefined ? await findSession(request, reply) : await findKey(bearer);
      if (caller) return accept(request, reply, caller, bearer === undefined);
      reply.header('www-authenticate', 'Bearer');
      return sendProblem(reply, 'unauthorized');
    },

    async requireCallerOfPage(request, reply) {
      const { authorization } = request.headers;
      const bearer = credentials(request, 'bearer');
      const caller =
        authorization === undefined
          ? await findSession(request, reply)
          : await findKey(bearer ?? passwordIn(credentials(request, 'basic')));
      if (caller) return accept(request, reply, caller, bearer === undefined);
      if (authorization === undefined && isVisit(request)) {
        return reply.redirect(`${SIGN_IN_PATH}?${new URLSearchParams({ to: request.url })}`);
      }
      reply.header('www-authenticate', 'Basic realm="Replybell", charset="UTF-8"');
      return sendProblem(reply, 'unauthorized');
    },
  };
}

const environmentKey: Caller = {
  kind: 'environment_key',
  id: null,
  name: 'ADMIN_API_KEY',
  role: 'owner',
  key: 'environment',
};

function credentials(request: FastifyRequest, scheme: 'bearer' | 'basic'): string | undefined {
  const [given, value] = (request.headers.authorization ?? '').split(' ', 2);
  return given?.toLowerCase() === scheme && value ? value : undefined;
}

function passwordIn(basic: string | undefined): string | undefined {
  if (basic === undefined) return undefined;
  const decoded = Buffer.from(basic, 'base64').toString();
  return decoded.slice(decoded.indexOf(':') + 1);
}

function isChange(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD';
}

/** Whether a person opens a page; with `?with=key` they want to be asked for a key. */
function isVisit({ method, headers, query }: FastifyRequest): boolean {
  const wantsKey = (query as { with?: unknown }).with === 'key';
  return method === 'GET' && headers.accept?.includes('text/html') === true && !wantsKey;
}
