import { randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { BY_TELEGRAM } from './audit.ts';
import { hours } from './durations.ts';
import { holdUser, type NoUser } from './hold-user.ts';
import type { Database, Db } from './schema.ts';
import { hashOf } from './secret-hash.ts';
import { giveTelegramId, lockUsers } from './telegram-id.ts';
import { inTransaction } from './transaction.ts';

export type MadeLinkToken = { kind: 'made'; token: string; expiresAt: Date } | NoUser;

/** What became of a link: `unknown` if the token was never made, or was forgotten. */
export type LinkResult =
  | { kind: 'linked'; userId: number }
  | { kind: 'expired' }
  | { kind: 'used' }
  | { kind: 'unknown' };

/** 43 characters of the 64 that a `?start=` parameter may have (core.telegram.org/bots/features#deep-linking). */
const TOKEN_BYTES = 32;

/** Makes a token that links a Telegram account to this user, once. Earlier tokens of the user stay valid until one is used. */
export async function createLinkToken(db: Db, userId: number, ttlHours: number): Promise<MadeLinkToken> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return inTransaction(db, async (trx) => {
    const nobody = await holdUser(trx, userId);
    if (nobody) return nobody;
    const { expiresAt } = await trx
      .insertInto('link_tokens')
      .values({
        token_hash: hashOf(token),
        user_id: userId,
        expires_at: sql<Date>`now() + ${hours(ttlHours)}`,
      })
      .returning('expires_at as expiresAt')
      .executeTakeFirstOrThrow();
    return { kind: 'made', token, expiresAt };
  });
}

type Link = { token: string; telegramId: number };

/**
 * Links a Telegram account to the user for whom the token was made, at the word of whoever has that account. Uses up all
 * tokens of this user, so that an old link in somebody's chat can't take the account away again. Whoever is linked by it
 * already may come again.
 */
export async function linkByToken(trx: Transaction<Database>, link: Link): Promise<LinkResult> {
  const presented = await presentToken(trx, link);
  return presented.kind === 'usable' ? useToken(trx, presented, link) : presented;
}

/**
 * Does the same for somebody who has merely opened a link, which may be another's: only if there is nothing that they
 * could lose by it. Else nothing changes, and the token stays good for `linkByToken`.
 */
export async function linkOpener(
  trx: Transaction<Database>,
  link: Link,
): Promise<LinkResult | { kind: 'needs_start' }> {
  const presented = await presentToken(trx, link);
  if (presented.kind !== 'usable') return presented;
  if (await hasSomethingToLose(trx, presented.holder)) return { kind: 'needs_start' };
  return useToken(trx, presented, link);
}

type Holder = { id: number; provisional: boolean };

/** Somebody with a token that can be used: the rows of both users are locked. */
type Usable = { kind: 'usable'; userId: number; holder: Holder | undefined };

async function presentToken(
  trx: Transaction<Database>,
  { token, telegramId }: Link,
): Promise<LinkResult | Usable> {
  const presented = await findToken(trx, token);
  if (!presented) return { kind: 'unknown' };
  const { userId } = presented;
  // A Mini App brings the token that it was opened with in each request.
  if (presented.used && presented.linkedTo === telegramId) return { kind: 'linked', userId };
  const users = await lockUsers(trx, userId, telegramId);
  // Looked at again under the lock: of two who use a token at the same time, the second finds it used.
  const found = await findToken(trx, token);
  if (!found) return { kind: 'unknown' };
  if (found.used) return found.linkedTo === telegramId ? { kind: 'linked', userId } : { kind: 'used' };
  if (found.expired) return { kind: 'expired' };
  return { kind: 'usable', userId, holder: users.find((user) => user.id !== userId) };
}

async function useToken(
  trx: Transaction<Database>,
  { userId }: Usable,
  { telegramId }: Link,
): Promise<LinkResult> {
  await giveTelegramId(trx, { userId, telegramId, by: BY_TELEGRAM });
  await trx
    .updateTable('link_tokens')
    .set({ used_at: sql<Date>`now()` })
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .execute();
  return { kind: 'linked', userId };
}

/** Whether linking takes a Telegram account from an ordinary user, or moves what a provisional one has to another. */
async function hasSomethingToLose(trx: Transaction<Database>, holder: Holder | undefined): Promise<boolean> {
  if (!holder?.provisional) return holder !== undefined;
  const { rows } = await sql<{ has: boolean }>`
    select exists (select from support_tickets where user_id = ${holder.id})
      or exists (select from notifications where user_id = ${holder.id} and message_id is null) as has`.execute(
    trx,
  );
  return rows[0]?.has ?? true;
}

type FoundToken = { userId: number; linkedTo: number | null; used: boolean; expired: boolean };

async function findToken(trx: Transaction<Database>, token: string): Promise<FoundToken | undefined> {
  const { rows } = await sql<FoundToken>`
    select u.id as "userId", u.telegram_id as "linkedTo", t.used_at is not null as used, t.expires_at <= now() as expired
    from link_tokens t join users u on u.id = t.user_id
    where t.token_hash = ${hashOf(token)} and u.erased_at is null`.execute(trx);
  return rows[0];
}
