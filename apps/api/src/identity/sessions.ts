import { hkdfSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '@replybell/config';
import type { Role } from '@replybell/database';
import type { Logger } from '@replybell/logger';
import { betterAuth } from 'better-auth';
import { isAPIError } from 'better-auth/api';
import type { Db } from '../database-state.ts';
import type { Caller } from './caller.ts';

const DAY_S = 24 * 60 * 60;
const SESSION_S = 7 * DAY_S;

/** Whose session it is, and the `Set-Cookie` headers that the answer must carry. */
type Session = { caller: Caller; cookies: string[] };

/** Admins' sessions: rows in Postgres, and a signed cookie in the browser. */
export type Sessions = {
  /** Undefined if there is no such admin, the password is wrong, or the admin is disabled: it isn't told which. */
  signIn(
    credentials: { email: string; password: string },
    headers: IncomingHttpHeaders,
  ): Promise<Session | undefined>;
  /** Whose session the request's cookie is. One that is used again after a day gets a new cookie and another week. */
  find(headers: IncomingHttpHeaders): Promise<Session | undefined>;
  /** Ends the session of the request's cookie; without one, nothing happens. Returns the `Set-Cookie` headers. */
  signOut(headers: IncomingHttpHeaders): Promise<string[]>;
};

/** Opens what better-auth keeps about admins. Its own HTTP routes are not mounted: `/api/session` is ours. */
export function openSessions({ db, config, logger }: { db: Db; config: Config; logger: Logger }): Sessions {
  const auth = createAuth(db, config, logger);

  return {
    async signIn(body, headers) {
      try {
        const userAgent = headers['user-agent'] ?? '';
        const answer = await auth.api.signInEmail({
          body,
          headers: new Headers({ 'user-agent': userAgent }),
          returnHeaders: true,
        });
        return toSession(answer.response.user, answer.headers);
      } catch (error) {
        if (isAPIError(error) && error.statusCode < 500) return undefined;
        throw causeOf(error);
      }
    },

    async find({ cookie }) {
      if (!cookie?.includes(COOKIE_PREFIX)) return undefined;
      try {
        const answer = await auth.api.getSession({ headers: new Headers({ cookie }), returnHeaders: true });
        return answer.response ? toSession(answer.response.user, answer.headers) : undefined;
      } catch (error) {
        if (isAPIError(error) && error.statusCode < 500) return undefined;
        throw causeOf(error);
      }
    },

    async signOut({ cookie = '' }) {
      const answer = await auth.api.signOut({ headers: new Headers({ cookie }), returnHeaders: true });
      return answer.headers.getSetCookie();
    },
  };
}

const COOKIE_PREFIX = 'replybell';

function createAuth(db: Db, config: Config, logger: Logger) {
  const baseURL = config.PUBLIC_URL ?? `http://${config.API_HOST}:${config.API_PORT}`;
  const times = { createdAt: 'created_at', updatedAt: 'updated_at' };
  return betterAuth({
    appName: 'Replybell',
    baseURL,
    secret: secretFrom(config),
    database: { db, type: 'postgres' },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      // A wrong password is an answer, which has its own line; arguments may hold anything.
      log: (level, message) => (level === 'error' ? logger.error(message) : logger.debug(message)),
    },
    emailAndPassword: { enabled: true, disableSignUp: true },
    user: {
      modelName: 'admins',
      fields: { emailVerified: 'email_verified', ...times },
      additionalFields: {
        role: { type: ['agent', 'owner'], input: false, required: true },
        disabledAt: { type: 'date', input: false, required: false, fieldName: 'disabled_at' },
      },
    },
    account: {
      modelName: 'admin_accounts',
      fields: { accountId: 'account_id', providerId: 'provider_id', userId: 'user_id', ...times },
    },
    session: {
      modelName: 'admin_sessions',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
      expiresIn: SESSION_S,
      updateAge: DAY_S,
    },
    advanced: {
      cookiePrefix: COOKIE_PREFIX,
      useSecureCookies: baseURL.startsWith('https:'),
      // Our migrations make the tables, without what other ways to sign in would need.
      database: { generateId: 'serial', validateSchema: false },
      ipAddress: { disableIpTracking: true },
    },
  });
}

/**
 * What signs the cookies. Made from ADMIN_API_KEY, so that there is no further secret to keep: another key signs
 * everybody out, which is wanted when it has become known.
 */
function secretFrom({ ADMIN_API_KEY = '' }: Config): string {
  return Buffer.from(hkdfSync('sha256', ADMIN_API_KEY, '', 'replybell admin sessions', 32)).toString(
    'base64',
  );
}

type AuthUser = { id: string; name: string; role?: unknown; disabledAt?: unknown };

function toSession(user: AuthUser, headers: Headers): Session | undefined {
  if (user.disabledAt) return undefined;
  const id = Number(user.id);
  const caller: Caller = {
    kind: 'admin',
    id,
    name: user.name,
    role: user.role as Role,
    key: `admin:${id}`,
  };
  return { caller, cookies: headers.getSetCookie() };
}

/** better-auth wraps what the database threw; an outage must be seen as one. */
const causeOf = (error: unknown): unknown => (isAPIError(error) && error.cause ? error.cause : error);
