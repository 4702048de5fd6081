import {
  type Database,
  endAdminSession,
  forgiveSignInAttempt,
  inTransaction,
  recordAudit,
} from '@replybell/database';
import type { Transaction } from 'kysely';
import type { App, GuardedParts } from '../app.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../edges/limit-time.ts';
import { forbidStoring } from '../edges/security-headers.ts';
import { callerOf, type SignedInAdmin } from '../identity/caller.ts';
import { limitPasswordChecks } from '../identity/limit-password-checks.ts';
import { signInTryOf, takeSignInAttempt } from '../identity/take-sign-in-attempt.ts';
import { ProblemError } from '../problem.ts';
import { caller as callerSchema, credentials } from '../schemas/identity.ts';

/** Admins sign in and out; whoever calls learns who they are. */
export function sessionRoutes(app: App, { db, identity }: GuardedParts): void {
  const { sessions } = identity;
  app.addHook('onRequest', forbidStoring);
  limitTime(app, HANDLER_TIMEOUT_MS);
  const checkPassword = limitPasswordChecks();

  app.post(
    '',
    {
      config: {
        refuses: ['wrong_credentials', 'cross_site_request', 'too_many_sign_ins', 'too_many_requests'],
      },
      schema: {
        operationId: 'signIn',
        tags: ['identity'],
        // Whoever does it is nobody yet, or may be.
        security: [],
        summary: 'Sign in with email and password',
        description:
          'Sets a session cookie for a week, which is prolonged while it is used; the session of a cookie that was sent ends. ' +
          'There are 10 attempts in 15 minutes for one account and 50 from one public address; after that 429 says by ' +
          '`Retry-After` how long to wait.',
        body: credentials,
        response: { 200: callerSchema },
      },
    },
    async (request, reply) => {
      // Nobody is to be signed in as somebody else by another site's page.
      if (identity.isFromElsewhere(request)) throw new ProblemError('cross_site_request');
      const attempt = signInTryOf(request, request.body.email);
      const session = await checkPassword(async () => {
        await takeSignInAttempt(db, attempt, reply);
        return sessions.signIn(request.body, request.headers);
      });
      if (!session) throw new ProblemError('wrong_credentials');

      const { caller, cookies } = session;
      await forgiveSignInAttempt(db, attempt);
      // The browser is about to lose its cookie: whoever has copied that would stay signed in.
      const former = await sessions.look(request.headers);
      const requestId = request.id;
      await inTransaction(db, async (trx) => {
        if (former) await endSession(trx, former, requestId);
        await recordAudit(trx, { actor: caller, action: 'session.create', subject: caller.key, requestId });
      });
      reply.header('set-cookie', cookies);
      return caller;
    },
  );

  app.get(
    '',
    {
      onRequest: identity.requireCaller,
      config: { refuses: ['unauthorized'] },
      schema: {
        operationId: 'getCaller',
        tags: ['identity'],
        summary: 'Who is calling: the signed-in admin, or the API key',
        security: [{ apiKey: [] }, { session: [] }],
        response: { 200: callerSchema },
      },
    },
    async (request) => callerOf(request),
  );

  app.delete(
    '',
    {
      config: { refuses: ['cross_site_request', 'too_many_requests'] },
      schema: {
        operationId: 'signOut',
        tags: ['identity'],
        // Whoever does it is nobody yet, or may be.
        security: [],
        summary: 'Sign out',
        description:
          'Ends the session of the cookie. Without one there is nothing to end, which is fine too.',
        response: { 204: { type: 'null', description: 'Signed out.' } },
      },
    },
    async (request, reply) => {
      if (identity.isFromElsewhere(request)) throw new ProblemError('cross_site_request');
      const admin = await sessions.look(request.headers);
      // Not left to better-auth: it would say that the session has ended also where Postgres could not be told.
      if (admin) await inTransaction(db, (trx) => endSession(trx, admin, request.id));
      return reply
        .header('set-cookie', await sessions.forget(request.headers))
        .code(204)
        .send(null);
    },
  );
}

async function endSession(
  trx: Transaction<Database>,
  admin: SignedInAdmin,
  requestId: string,
): Promise<void> {
  const { id, key, sessionId } = admin;
  // Of two that sign out at the same time, one has ended it.
  if (!(await endAdminSession(trx, id, sessionId))) return;
  const detail = { session: sessionId };
  await recordAudit(trx, { actor: admin, action: 'session.end', subject: key, requestId, detail });
}
