import { countSignInAttempt, type Db, type SignInTry } from '@replybell/database';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLocal, networkOf } from '../edges/network-of.ts';
import { ProblemError } from '../problem.ts';

/**
 * What an attempt is counted as. Behind a proxy that isn't declared everybody has the proxy's address, which is mostly
 * a local one: counted by it, a stranger could keep all admins out.
 */
export function signInTryOf({ ip }: FastifyRequest, email: string): SignInTry {
  return { email, network: isLocal(ip) ? null : networkOf(ip) };
}

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
