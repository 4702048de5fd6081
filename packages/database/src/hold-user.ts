import type { Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Why there is nobody to do something for. */
export type NoUser = { kind: 'user_not_found' } | { kind: 'user_erased' };

/**
 * Holds a user until the commit: nobody erases them, or merges them into another, in between.
 *
 * @returns undefined if the user is held.
 */
export async function holdUser(trx: Transaction<Database>, id: number): Promise<NoUser | undefined> {
  const user = await trx
    .selectFrom('users')
    .select('erased_at')
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst();
  if (!user) return { kind: 'user_not_found' };
  return user.erased_at ? { kind: 'user_erased' } : undefined;
}
