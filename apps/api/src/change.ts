import {
  type Author,
  type Database,
  type Db,
  inTransaction,
  type Made,
  makeOnce,
  recordAudit,
} from '@replybell/database';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Transaction } from 'kysely';
import { callerOf } from './identity/caller.ts';
import { ProblemError } from './problem.ts';

type ChangeOptions = {
  db: Db;
  request: FastifyRequest;
  /** What the audit trail calls it: `ticket.status`. */
  action: string;
};

type Changed<Result> = {
  /** What was changed, e.g. `ticket:12`. */
  subject: string;
  /** What the audit trail should know besides: no texts of people, no secrets. */
  detail?: Record<string, unknown> | undefined;
  result: Result;
  /** Done once the change is stored for good, and not for a repetition. */
  afterCommit?: () => void;
};

type Work<Result> = (trx: Transaction<Database>) => Promise<Changed<Result>>;

/**
 * Makes a change and notes in the audit trail who did, both in one transaction.
 *
 * @returns the result of `work`; what it throws undoes everything.
 */
export async function change<Result>(options: ChangeOptions, work: Work<Result>): Promise<Result> {
  const { result, afterCommit } = await inTransaction(options.db, audited(options, work));
  afterCommit?.();
  return result;
}

type OnceOptions<Result> = {
  reply: FastifyReply;
  /** What a repetition is answered: the answer is stored, and no secret may be. */
  withoutSecrets?: (result: Result) => unknown;
  /** What tells the request from others with its key: the body, or what remains of it without secrets. Its hash is stored. */
  wanted?: unknown;
};

/**
 * As `change`, for what creates something: answers 201 with the result. Repeated with its `Idempotency-Key`, the request
 * gets the same answer and creates nothing; requests that race wait for the first.
 */
export async function createOnce<Result>(
  options: ChangeOptions & OnceOptions<Result>,
  work: Work<Result>,
): Promise<FastifyReply> {
  return answerOnce({ ...options, caller: callerOf(options.request).key }, audited(options, work));
}

/** As `createOnce`, for what users create of their own: the audit trail is about admins. */
export async function createOwnOnce<Result>(
  options: Omit<ChangeOptions, 'action'> & OnceOptions<Result>,
  work: Work<Result>,
): Promise<FastifyReply> {
  return answerOnce({ ...options, caller: `user:${options.request.userId}` }, work);
}

async function answerOnce<Result>(
  {
    db,
    request,
    reply,
    caller,
    withoutSecrets = (result) => result,
    wanted = request.body,
  }: Omit<ChangeOptions, 'action'> & OnceOptions<Result> & { caller: string },
  work: Work<Result>,
): Promise<FastifyReply> {
  reply.code(201);
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') {
    const { result, afterCommit } = await inTransaction(db, work);
    afterCommit?.();
    return reply.send(result);
  }
  const make = async (trx: Transaction<Database>): Promise<Made<Changed<Result>>> => {
    const changed = await work(trx);
    const answer = String(reply.serialize(withoutSecrets(changed.result)));
    return { subject: changed.subject, answer, result: changed };
  };
  const named = { caller, key, request: [request.url, wanted] };
  const made = await inTransaction(db, (trx) => makeOnce(trx, named, () => make(trx)));
  switch (made.kind) {
    case 'made':
      made.result.afterCommit?.();
      return reply.send(made.result.result);
    case 'repeated':
      return reply.type('application/json; charset=utf-8').serializer(asItIs).send(made.answer);
    case 'erased':
      throw new ProblemError('user_erased');
    case 'key_reused':
      throw new ProblemError('key_reused');
  }
}

/** By whom the audit trail says that a request's changes are made. */
export const authorOf = (request: FastifyRequest): Author => ({
  actor: callerOf(request),
  requestId: request.id,
});

/** The same work, with its entry in the audit trail. */
function audited<Result>({ request, action }: ChangeOptions, work: Work<Result>): Work<Result> {
  return async (trx) => {
    const changed = await work(trx);
    const { subject, detail } = changed;
    await recordAudit(trx, { ...authorOf(request), action, subject, detail });
    return changed;
  };
}

const asItIs = (text: unknown): string => String(text);
