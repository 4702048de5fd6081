import { type RawBuilder, sql } from 'kysely';
import type { Db } from './schema.ts';

/** Fewer characters than a piece has are looked for at the beginning of words. */
const PIECE_LENGTH = 3;
const isShort = (q: string) => [...q.trim()].length < PIECE_LENGTH;

/** What is found more often is told apart while the rows are read in their order. */
export const LISTED_AT_MOST = 2_000;

/**
 * What is looked for, in the form that the function `search_words` gives to texts. A query of its own, as Postgres would
 * otherwise make it anew for each row that it looks at.
 */
function needleOf(q: string): RawBuilder<string> {
  const text = q.trim();
  const words = sql<string>`search_words(${text}::text)`;
  return isShort(q) ? sql<string>`(select ${words})` : sql<string>`(select substr(${words}, 3))`;
}

/** The index finds the rows that have all pieces; whether in this order is for `strpos` to say. */
const holds = (words: RawBuilder<string>, needle: RawBuilder<string>) =>
  sql<boolean>`search_pieces(${words}) @> search_pieces(${needle}) and strpos(${words}, ${needle}) > 0`;

const usernameWords = sql<string>`search_words(users.username)`;

/** A query for the ids of tickets whose subject, or whose user's name, contains `q`: for one more than 2,000 at most. */
export function ticketIds(q: string): RawBuilder<{ id: number }> {
  const needle = needleOf(q);
  const limit = sql`limit ${sql.lit(LISTED_AT_MOST + 1)}`;
  return sql`
    (select ticket_id as id from ticket_search where ${holds(sql<string>`words`, needle)} ${limit})
    union all
    (select id from support_tickets
      where user_id = any(array(select id from users where ${holds(usernameWords, needle)})) ${limit})
    ${limit}`;
}

/** The ids of users whose name contains `q`; undefined if they are more than 2,000. */
export async function findUserIds(db: Db, q: string): Promise<number[] | undefined> {
  const { rows } = await sql<{ id: number }>`
    select id from users where ${holds(usernameWords, needleOf(q))}
    limit ${sql.lit(LISTED_AT_MOST + 1)}`.execute(db);
  return rows.length > LISTED_AT_MOST ? undefined : rows.map(({ id }) => id);
}

/** For a query on `support_tickets`: whether the ticket is one of those whose ids `ticketIds` asks for. */
export const ticketHolds = (q: string): RawBuilder<boolean> =>
  sql<boolean>`strpos(support_tickets.search_text, ${needleOf(q)}) > 0`;

/** For a query on `users`. */
export const usernameHolds = (q: string): RawBuilder<boolean> =>
  sql<boolean>`strpos(${usernameWords}, ${needleOf(q)}) > 0`;
