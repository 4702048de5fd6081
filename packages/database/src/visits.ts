import { sql, type Transaction } from 'kysely';
import { linkOpener } from './link-telegram.ts';
import { markReachable } from './reachability.ts';
import type { Database, Db } from './schema.ts';
import { lockTelegramId } from './telegram-id.ts';
import { inTransaction } from './transaction.ts';

/** A person whom Telegram vouches for, as they open the Mini App. */
export type Visit = {
  telegramId: number;
  /** For a user who is new. */
  username: string;
  /** For a user who is new. */
  locale: string;
  /** When the Mini App was opened, by Telegram's clock, to the second. */
  openedAt: Date;
  /** What the link that opened the Mini App may carry: a token that links this Telegram account to a user. */
  linkToken: string | null;
};

/** What became of the token in the link that opened the Mini App; null if there was none, or it was never made. */
export type OpenedLink = Exclude<Awaited<ReturnType<typeof linkOpener>>['kind'], 'unknown'> | null;

/**
 * Finds the user who opened the Mini App, or creates one. Users whom Telegram couldn't reach before they opened it can be
 * reached again; what was found out since then stays, so that a Mini App that is left open frees nothing twice. A link
 * token that can't be used changes nothing, nor does one that would take something from whoever opened it (`needs_start`):
 * they may have followed another's link.
 */
export async function recordVisit(db: Db, visit: Visit): Promise<{ userId: number; link: OpenedLink }> {
  const link = await openLink(db, visit);
  const { rows } = await sql<{ id: number; is_back: boolean }>`
    select u.id,
      (u.unreachable_reason is not null and u.updated_at < opened.until) or exists (
        select from notifications n where n.user_id = u.id and n.status = 'parked' and n.updated_at < opened.until
      ) as is_back
    from users u, (select ${visit.openedAt}::timestamptz + interval '1 second' as until) opened
    where u.telegram_id = ${visit.telegramId}`.execute(db);
  const user = rows[0];
  if (!user) return { userId: await inTransaction(db, (trx) => ensureUser(trx, visit)), link };
  if (user.is_back) await markReachable(db, user.id);
  return { userId: user.id, link };
}

async function openLink(
  db: Db,
  { linkToken: token, telegramId }: Pick<Visit, 'linkToken' | 'telegramId'>,
): Promise<OpenedLink> {
  if (token === null) return null;
  const { kind } = await inTransaction(db, (trx) => linkOpener(trx, { token, telegramId }));
  return kind === 'unknown' ? null : kind;
}

/**
 * Finds the user with a Telegram id, or creates a provisional one. Of racing calls one creates the user.
 *
 * @returns the user's id.
 */
export async function ensureUser(
  trx: Transaction<Database>,
  { telegramId, username, locale }: Pick<Visit, 'telegramId' | 'username' | 'locale'>,
): Promise<number> {
  await lockTelegramId(trx, telegramId);
  // Looked for first: an insert that finds one uses up an id all the same.
  const known = trx.selectFrom('users').select('id').where('telegram_id', '=', telegramId);
  const user = await known.executeTakeFirst();
  if (user) return user.id;
  await trx
    .insertInto('users')
    .values({ username, telegram_id: telegramId, locale, provisional: true })
    .onConflict((conflict) => conflict.column('telegram_id').doNothing())
    .execute();
  const { id } = await known.executeTakeFirstOrThrow();
  return id;
}
