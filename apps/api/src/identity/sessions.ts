import { hkdfSync } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '@replybell/config';
import type { Db, Role } from '@replybell/database';
import type { Logger } from '@replybell/logger';
import { betterAuth } from 'better-auth';
import { isAPIError } from 'better-auth/api';
import type { SignedInAdmin } from './caller.ts';

const HOUR_S = 60 * 60;
const SESSION_S = 7 * 24 * HOUR_S;

/** Who has signed in. */
type Admin = Omit<SignedInAdmin, 'sessionId'>;

/** Whose session it is, and the `Set-Cookie` headers that the answer must carry. */
type Session<Caller> = { caller: Caller; cookies: string[] };

/** Admins' sessions: rows in Postgres, and a signed cookie in the browser. */
export type Sessions = {
  /** Undefined if there is no such admin, the password is wrong, or the admin is disabled: it isn't told which. */
  signIn(
    credentials: { email: string; password: string },
    headers: IncomingHttpHeaders,
  ): Promise<Session<Admin> | undefined>;
  /** Whose session the request's cookie is. One that is used again after an hour gets a new cookie and another week. */
  find(headers: IncomingHttpHeaders): Promise<Session<SignedInAdmin> | undefined>;
  /** The same, but it counts as no use: for answers that can't carry a new cookie any more. */
  look(headers: IncomingHttpHeaders): Promise<SignedInAdmin | undefined>;
  /** The `Set-Cookie` headers by which a browser forgets the request's cookie, whose session has been ended. */
  forget(headers: IncomingHttpHeaders): Promise<string[]>;
};

/** Opens what better-auth keeps about admins. Its own HTTP routes are not mounted: `/api/session` is ours. */
export function openSessions({ db, config, logger }: { db: Db; config: Config; logger: Logger }): Sessions {
  const auth = createAuth(db, config, logger);

  async function find(
    { cookie }: IncomingHttpHeaders,
    { disableRefresh }: { disableRefresh: boolean },
  ): Promise<Session<SignedInAdmin> | undefined> {
    if (!cookie?.includes(COOKIE_PREFIX)) return undefined;
    try {
      const { response, headers } = await auth.api.getSession({
        headers: new Headers({ cookie }),
        query: { disableRefresh },
        returnHeaders: true,
      });
      const admin = response && toAdmin(response.user);
      if (!admin) return undefined;
      const caller = { ...admin, sessionId: Number(response.session.id) };
      return { caller, cookies: headers.getSetCookie() };
    } catch (error) {
      if (isAPIError(error) && error.statusCode < 500) return undefined;
      throw causeOf(error);
    }
  }

  const look = async (headers: IncomingHttpHeaders) =>
    (await find(headers, { disableRefresh: true }))?.caller;

  return {
    async signIn(body, headers) {
      try {
        const userAgent = headers['user-agent'] ?? '';
        const answer = await auth.api.signInEmail({
          body,
          headers: new Headers({ 'user-agent': userAgent }),
          returnHeaders: true,
        });
        const admin = toAdmin(answer.response.user);
        return admin && { caller: admin, cookies: answer.headers.getSetCookie() };
      } catch (error) {
        if (isAPIError(error) && error.statusCode < 500) return undefined;
        throw causeOf(error);
      }
    },

    find: (headers) => find(headers, { disableRefresh: false }),
    look,

    async forget({ cookie = '' }) {
      const answer = await auth.api.signOut({ headers: new Headers({ cookie }), returnHeaders: true });
      return answer.headers.getSetCookie();
    },
  };
}

const COOKIE_PREFIX = 'replybell';

function createAuth(db: Db, config: Config, logger: Logger) {
  // As its own routes are not mounted, all that matters of it is whether browsers come by https.
  const baseURL = config.PUBLIC_URL ?? 'http://localhost';
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
      updateAge: HOUR_S,
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

type AuthUser = { id: string; name: string; email: string; role?: unknown; disabledAt?: unknown };

function toAdmin({ name, email, role, disabledAt, ...user }: AuthUser): Admin | undefined {
  if (disabledAt) return undefined;
  const id = Number(user.id);
  return { kind: 'admin', id, name, email, role: role as Role, key: `admin:${id}` };
}

/** better-auth wraps what the database threw; an outage must be seen as one. */
const causeOf = (error: unknown): unknown => (isAPIError(error) && error.cause ? error.cause : error);
