import {
  endAdminSession,
  endOtherAdminSessions,
  forgiveSignInAttempt,
  listAdminSessions,
  lockPasswordHash,
  updateAdmin,
} from '@replybell/database';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import type { App, GuardedParts } from '../app.ts';
import { change } from '../change.ts';
import { answerUnknown } from '../edges/answer-unknown.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../edges/limit-time.ts';
import { forbidStoring } from '../edges/security-headers.ts';
import { adminOf } from '../identity/caller.ts';
import { signInTryOf, takeSignInAttempt } from '../identity/take-sign-in-attempt.ts';
import { pageOf } from '../page.ts';
import { ProblemError } from '../problem.ts';
import { idParams, onlyPageQuery } from '../schemas/fields.ts';
import { endedSessions, ownSessionPage, passwordChange } from '../schemas/identity.ts';

/** Everything under `/api/account`: what a signed-in admin sees and does about their own password and sessions. */
export function accountRoutes(app: App, { db, identity }: GuardedParts): void {
  app.addHook('onRequest', forbidStoring);
  limitTime(app, HANDLER_TIMEOUT_MS);
  app.addHook('onRequest', identity.requireCaller);
  app.addHook('onRequest', async (request) => void adminOf(request));
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, tags: ['identity'], security: [{ session: [] }] };
  });
  app.setNotFoundHandler(answerUnknown);

  app.put(
    '/password',
    {
      config: { refuses: ['wrong_password', 'session_only', 'cross_site_request', 'too_many_sign_ins'] },
      schema: {
        operationId: 'changeOwnPassword',
        summary: 'Change your own password',
        description:
          'Ends all your sessions; the answer’s cookie is a new one. The current password is asked for, and attempts are ' +
          'counted together with those to sign in.',
        body: passwordChange,
        response: { 204: { type: 'null', description: 'Changed.' } },
      },
    },
    async (request, reply) => {
      const { id, key, email } = adminOf(request);
      const { currentPassword, newPassword } = request.body;
      const attempt = signInTryOf(request, email);
      await takeSignInAttempt(db, attempt, reply);
      await change({ db, request, action: 'admin.update' }, async (trx) => {
        const hash = await lockPasswordHash(trx, id);
        const isRight = hash !== null && (await verifyPassword({ hash, password: currentPassword }));
        if (!isRight) throw new ProblemError('wrong_password');
        await updateAdmin(trx, id, { passwordHash: await hashPassword(newPassword) });
        return { subject: key, detail: { password: 'changed' }, result: undefined };
      });
      await forgiveSignInAttempt(db, attempt);
      // A cookie that somebody has copied is of no use any more, not even this one.
      const session = await identity.sessions.signIn({ email, password: newPassword }, request.headers);
      if (session) reply.header('set-cookie', session.cookies);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/sessions',
    {
      config: { refuses: ['session_only'] },
      schema: {
        operationId: 'listOwnSessions',
        summary: 'List where you are signed in, the newest first',
        querystring: onlyPageQuery,
        response: { 200: ownSessionPage },
      },
    },
    async (request) => {
      const { id, sessionId } = adminOf(request);
      const { items, nextCursor } = await pageOf(request.query, (position) =>
        listAdminSessions(db, id, position),
      );
      return {
        items: items.map((session) => ({ ...session, current: session.id === sessionId })),
        nextCursor,
      };
    },
  );

  app.delete(
    '/sessions/:id',
    {
      config: { refuses: ['session_not_found', 'session_only', 'cross_site_request'] },
      schema: {
        operationId: 'endOwnSession',
        summary: 'End one of your sessions',
        description:
          'The browser that it is of is signed out at once. Ending the one that asks is signing out.',
        params: idParams,
        response: { 204: { type: 'null', description: 'Ended.' } },
      },
    },
    async (request, reply) => {
      const { id, key } = adminOf(request);
      const sessionId = request.params.id;
      await change({ db, request, action: 'session.end' }, async (trx) => {
        if (!(await endAdminSession(trx, id, sessionId))) throw new ProblemError('session_not_found');
        return { subject: key, detail: { session: sessionId }, result: undefined };
      });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/sessions',
    {
      config: { refuses: ['session_only', 'cross_site_request'] },
      schema: {
        operationId: 'endOwnOtherSessions',
        summary: 'End all your sessions but the one that asks',
        response: { 200: endedSessions },
      },
    },
    async (request) => {
      const { id, key, sessionId } = adminOf(request);
      return change({ db, request, action: 'session.end' }, async (trx) => {
        const ended = await endOtherAdminSessions(trx, id, sessionId);
        return { subject: key, detail: { ended }, result: { ended } };
      });
    },
  );
}
