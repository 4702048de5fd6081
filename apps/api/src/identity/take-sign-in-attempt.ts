import { countSignInAttempt, type SignInTry } from '@replybell/database';
import type { FastifyReply } from 'fastify';
import type { Db } from '../database-state.ts';
import { ProblemError } from '../problem.ts';

/**
 * Counts an attempt before its password is looked at.
 *
 * @throws ProblemError `too_many_sign_ins` if there were too many; the answer says when to try again.
 */
export async function takeSignInAttempt(db: Db, attempt: SignInTry, reply: FastifyReply): Promise<void> {
  const counted = await countSignInAttempt(db, attempt);
  if (counted.kind === 'allowed') return;
  reply.header('retry-after', counted.retryAfterS);
  throw new ProblemError('too_many_sign_ins');
}
