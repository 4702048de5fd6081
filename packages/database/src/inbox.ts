import { type RawBuilder, sql } from 'kysely';
import { LARGE_PLAN } from './preparing-client.ts';
import type { Db, TicketPriority, TicketStatus } from './schema.ts';
import { LISTED_AT_MOST, ticketHolds, ticketIds } from './search.ts';
import { isUnanswered, type NamedTicket, ticketColumns } from './tickets.ts';

type TicketFilter = {
  status?: TicketStatus;
  priority?: TicketPriority;
  userId?: number;
  unanswered?: boolean;
  /** A part of the subject or of the user's name, in any case; one or two characters: the beginning of a word. */
  q?: string;
};

/** Where a page ended. */
export type InboxPosition = {
  /** Microseconds since 1970, as exact as the database's clock. */
  activeAtUs: number;
  ticketId: number;
};

export type InboxPage = { items: NamedTicket[]; next: InboxPosition | undefined };

type PageRequest = Omit<TicketFilter, 'q'> & { limit: number; after?: InboxPosition | undefined };

/**
 * A page of tickets, the last activity first. A ticket that becomes active while somebody turns the pages moves to the front,
 * so it may be missing further back; none comes twice.
 *
 * What is common is found soon by reading on, what is rare by the index of words, which takes long for what is common.
 * The next few tickets tell which it is. Where they mislead, the other way is taken after all.
 *
 * @returns the page, and where it ended if there are more.
 */
export async function listTickets(db: Db, { q, ...page }: PageRequest & { q?: string }): Promise<InboxPage> {
  if (q === undefined) return readPage(db, page);
  let found = await search(db, q, page);
  if (found.way === 'near' && !found.next) found = await search(db, q, page, { listEvenIfCommon: true });
  return found.way === 'tooMany' ? readPage(db, page, ticketHolds(q)) : found;
}

/** A page is read by the statement for the least of these lengths that holds it: few statements, each planned once. */
const PAGE_LENGTHS = [25, 50, 100];
const lengthOf = ({ limit }: PageRequest): number => PAGE_LENGTHS.find((length) => length >= limit) ?? limit;

/** The tickets that pass the filters, and `condition` if they are searched: a page of them and one more, or a few more. */
function selectPage(db: Db, page: PageRequest, condition?: RawBuilder<boolean>) {
  const query = db
    .selectFrom('support_tickets')
    .innerJoin('users', 'users.id', 'support_tickets.user_id')
    .select([...ticketColumns, 'users.username'])
    .select(sql<number>`(extract(epoch from support_tickets.updated_at) * 1000000)::bigint`.as('activeAtUs'))
    .where(passes(page))
    .orderBy('support_tickets.updated_at', 'desc')
    .orderBy('support_tickets.id', 'desc')
    // One more than the page's length tells whether there is a next one. A number in the statement: with a parameter in its
    // place Postgres would plan the statement anew for each page.
    .limit(sql.lit(lengthOf(page) + 1));
  return condition ? query.where(condition) : query;
}

/** Whether a ticket passes the filters, and comes after the page before; the words stand in the statement, as the limit does. */
function passes({ status, priority, userId, unanswered, after }: PageRequest): RawBuilder<boolean> {
  const conditions: RawBuilder<boolean>[] = [];
  if (status !== undefined) conditions.push(sql`support_tickets.status = ${sql.lit(status)}`);
  if (priority !== undefined) conditions.push(sql`support_tickets.priority = ${sql.lit(priority)}`);
  if (userId !== undefined) conditions.push(sql`support_tickets.user_id = ${userId}`);
  if (unanswered !== undefined) conditions.push(unanswered ? isUnanswered : sql`not ${isUnanswered}`);
  if (after) conditions.push(isAfter(after));
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`;
}

type PageRow = NamedTicket & { activeAtUs: number };

async function readPage(db: Db, page: PageRequest, condition?: RawBuilder<boolean>): Promise<InboxPage> {
  return toPage(await selectPage(db, page, condition).execute(), page.limit);
}

function toPage(rows: PageRow[], limit: number): InboxPage {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(({ activeAtUs, ...ticket }) => ticket),
    next: last && { activeAtUs: last.activeAtUs, ticketId: last.id },
  };
}

/** What is in `common` of the next `tickets` is taken for common. */
const SAMPLE = { tickets: 100, common: 5 };

/** What is that common fills a page from so many tickets. */
const nearOf = (page: PageRequest): number => (SAMPLE.tickets / SAMPLE.common) * (lengthOf(page) + 1);

/** The page, and the way it was found by: `all` if few tickets pass the filters; there may be too many to list. */
type Search = InboxPage & { way: 'listed' | 'near' | 'all' | 'tooMany' };

/**
 * Looks which way is the short one, and takes it, in one statement: by the index of words, or if `q` is common through the
 * tickets that are near, unless `listEvenIfCommon`.
 */
async function search(
  db: Db,
  q: string,
  page: PageRequest,
  { listEvenIfCommon = false }: { listEvenIfCommon?: boolean } = {},
): Promise<Search> {
  const listed = selectPage(db, page, sql`support_tickets.id = any(array(select id from listed_ids))`);
  const isNear = sql`support_tickets.updated_at >= coalesce((select updated_at from edge), '-infinity')`;
  const near = selectPage(db, page, sql`${isNear} and ${ticketHolds(q)}`);
  const readsOn = listEvenIfCommon ? sql.lit(false) : sql`(${isCommonOrFew(q, page)})`;
  // The left join, as the way is told also where there are no tickets.
  const { rows } = await sql<Pick<Search, 'way'> & (PageRow | { id: null })>`
    ${LARGE_PLAN} with next as materialized (select ${readsOn} as reads_on),
      edge as materialized (select (${updatedAtOf(nearOf(page), page)}) as updated_at from next where reads_on),
      listed_ids as materialized (select id from (${ticketIds(q)}) as ids where not (select reads_on from next)),
      ways as (
        select case
          when reads_on and (select updated_at from edge) is null then 'all'
          when reads_on then 'near'
          when (select count(*) from listed_ids) <= ${sql.lit(LISTED_AT_MOST)} then 'listed'
          else 'tooMany'
        end as way
        from next
      )
    select * from ways left join lateral (
      select * from ${listed} as listed where way = 'listed'
      union all
      select * from ${near} as near where way in ('near', 'all')
    ) as page on true
    order by "activeAtUs" desc, id desc`.execute(db);
  const found = rows.flatMap(({ way, ...row }) => (row.id === null ? [] : [row]));
  return { way: rows[0]?.way ?? 'tooMany', ...toPage(found, page.limit) };
}

const isAfter = ({ activeAtUs, ticketId }: InboxPosition): RawBuilder<boolean> => sql<boolean>`
  (support_tickets.updated_at, support_tickets.id)
    < (timestamptz 'epoch' + ${activeAtUs}::bigint * interval '1 microsecond', ${ticketId}::bigint)`;

/** Whether `q` is in many of the next few tickets, or they are all there are. */
const isCommonOrFew = (q: string, page: PageRequest): RawBuilder<boolean> =>
  sql`
    select count(*) filter (where ${ticketHolds(q)}) >= ${sql.lit(SAMPLE.common)} or count(*) < ${sql.lit(SAMPLE.tickets)}
    from (
      select search_text from support_tickets where ${passes(page)}
      order by updated_at desc, id desc limit ${sql.lit(SAMPLE.tickets)}
    ) as support_tickets`;

/** A query for the time of the next ticket with this number; nothing if there aren't as many. */
const updatedAtOf = (number: number, page: PageRequest): RawBuilder<Date> => sql`
  select updated_at from support_tickets where ${passes(page)}
  order by updated_at desc, id desc offset ${sql.lit(number - 1)} limit 1`;
