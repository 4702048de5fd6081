import { type Database, inTransaction, makeOnce, recordAudit } from '@replybell/database';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Transaction } from 'kysely';
import type { Db } from './database-state.ts';
import { callerOf } from './identity/caller.ts';
import { ProblemError } from './problem.ts';

type ChangeOptions = {
  db: Db;
  request: FastifyRequest;
  /** What the audit trail calls it: `ticket.status`. */
  action: string;
};

/** What was changed, e.g. `ticket:12`, and what the audit trail should know besides: no texts of people, no secrets. */
type Changed<Result> = { subject: string; detail?: Record<string, unknown>; result: Result };

type Work<Result> = (trx: Transaction<Database>) => Promise<Changed<Result>>;

/**
 * Makes a change and notes in the audit trail who did, both in one transaction.
 *
 * @returns the result of `work`; what it throws undoes everything.
 */
export async function change<Result>(options: ChangeOptions, work: Work<Result>): Promise<Result> {
  const { result } = await inTransaction(options.db, (trx) => carryOut(trx, options, work));
  return result;
}

/**
 * As `change`, for what creates something: answers 201 with the result. Repeated with its `Idempotency-Key`, the request
 * gets the same answer and creates nothing; requests that race wait for the first.
 *
 * @param options.withoutSecrets what a repetition is answered: the answer is stored, and no secret may be.
 */
export async function createOnce<Result>(
  options: ChangeOptions & { reply: FastifyReply; withoutSecrets?: (result: Result) => unknown },
  work: Work<Result>,
): Promise<FastifyReply> {
  const { db, request, reply, withoutSecrets = (result: Result) => result } = options;
  reply.code(201);
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return reply.send(await change(options, work));

  const named = { caller: callerOf(request).key, key, request: [request.url, request.body] };
  const made = await inTransaction(db, (trx) =>
    makeOnce(trx, named, async () => {
      const { subject, result } = await carryOut(trx, options, work);
      return { subject, result, answer: String(reply.serialize(withoutSecrets(result))) };
    }),
  );
  switch (made.kind) {
    case 'made':
      return reply.send(made.result);
    case 'repeated':
      return reply.type('application/json; charset=utf-8').serializer(asItIs).send(made.answer);
    case 'key_reused':
      throw new ProblemError('key_reused');
  }
}

async function carryOut<Result>(
  trx: Transaction<Database>,
  { request, action }: ChangeOptions,
  work: Work<Result>,
): Promise<Changed<Result>> {
  const changed = await work(trx);
  const { subject, detail } = changed;
  await recordAudit(trx, { actor: callerOf(request), action, subject, detail, requestId: request.id });
  return changed;
}

const asItIs = (text: unknown): string => String(text);
