import { hash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Tells one request from others, whose text it doesn't hold. The order of an object's fields says nothing (RFC 8259, 4). */
export const hashOfRequest = (request: unknown): string =>
  hash('sha256', JSON.stringify(request, fieldsInOrder), 'base64');

/** For `JSON.stringify`. */
function fieldsInOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A caller's name for one request. `request` is what the request asked for: the same key with another one is refused. */
export type IdempotencyKey = { caller: string; key: string; request: unknown };

/** In place of the hash of a request about somebody who was erased since. */
export const ERASED = 'erased';

/** What a request made, e.g. `ticket:12`, and the body of the answer to its repetitions, word for word. */
export type Made<Result> = { subject: string; answer: string; result: Result };

export type MadeOnce<Result> =
  | { kind: 'made'; result: Result }
  /** It was made before; this is the answer that was stored then. */
  | { kind: 'repeated'; answer: string }
  /** Whom it was about was erased since: it must not be made anew. */
  | { kind: 'erased' }
  | { kind: 'key_reused' };

/**
 * Makes something once for a caller and key, however often it is asked for within 24 hours; requests that race wait for
 * the first. What `make` throws undoes everything, and the key is free again.
 *
 * The answer is stored: it must hold no secret.
 */
export async function makeOnce<Result>(
  trx: Transaction<Database>,
  { caller, key, request }: IdempotencyKey,
  make: () => Promise<Made<Result>>,
): Promise<MadeOnce<Result>> {
  const bodyHash = hashOfRequest(request);
  const taken = await trx
    .insertInto('idempotency_keys')
    .values({ caller, key, body_hash: bodyHash, answer: '' })
    .onConflict((conflict) => conflict.columns(['caller', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (!taken) {
    const before = await trx
      .selectFrom('idempotency_keys')
      .select(['body_hash as bodyHash', 'answer'])
      .where('caller', '=', caller)
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    if (before.bodyHash === ERASED) return { kind: 'erased' };
    // A reply, too, has its key here: with another hash and no answer.
    if (before.bodyHash !== bodyHash || before.answer === null) return { kind: 'key_reused' };
    return { kind: 'repeated', answer: before.answer };
  }
  const { subject, answer, result } = await make();
  await trx
    .updateTable('idempotency_keys')
    .set({ subject, answer })
    .where('caller', '=', caller)
    .where('key', '=', key)
    .execute();
  return { kind: 'made', result };
}
