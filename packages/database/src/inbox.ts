import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Database, type TicketPriority, type TicketStatus, ticketStatuses } from './schema.ts';
import { findTicketIds, ticketHolds } from './search.ts';
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
 * What is looked for is often in the next few hundred tickets many times; those are read first. If not, the index of
 * words lists where it is; and where that would be too many, the next page is found by reading on.
 *
 * @returns the page, and where it ended if there are more.
 */
export async function listTickets(
  db: Kysely<Database>,
  { q, ...page }: PageRequest & { q?: string },
): Promise<InboxPage> {
  if (q === undefined) return readPage(db, page);
  const near = await readPage(db, page, sql<boolean>`${isNear(page.after)} and ${ticketHolds(q)}`);
  if (near.next) return near;
  const ids = await findTicketIds(db, q);
  return readPage(db, page, ids ? sql<boolean>`support_tickets.id = any(${ids}::bigint[])` : ticketHolds(q));
}

/** The most that a page may have. */
const LONGEST_PAGE = 100;

/** Reads the tickets that pass the filters, and `condition` if it is given. */
async function readPage(
  db: Kysely<Database>,
  { status, priority, userId, unanswered, after, limit }: PageRequest,
  condition?: RawBuilder<boolean>,
): Promise<InboxPage> {
  let query = db
    .selectFrom('support_tickets')
    .innerJoin('users', 'users.id', 'support_tickets.user_id')
    .select([...ticketColumns, 'users.username'])
    .select(sql<number>`(extract(epoch from support_tickets.updated_at) * 1000000)::bigint`.as('activeAtUs'))
    .orderBy('support_tickets.updated_at', 'desc')
    .orderBy('support_tickets.id', 'desc')
    // One more than the longest page tells whether there is a next one. A number in the statement, as are the words of the
    // filters: with parameters in their place Postgres would plan the statement anew for each page.
    .limit(sql.lit(LONGEST_PAGE + 1));
  if (status !== undefined) query = query.where('status', '=', sql.lit(status));
  if (priority !== undefined) query = query.where('priority', '=', sql.lit(priority));
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  if (unanswered !== undefined)
    query = query.where(unanswered ? isUnanswered : sql<boolean>`not ${isUnanswered}`);
  if (after) query = query.where(isAfter(after));
  if (condition) query = query.where(condition);
  const rows = await query.execute();
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(({ activeAtUs, ...ticket }) => ticket),
    next: last && { activeAtUs: last.activeAtUs, ticketId: last.id },
  };
}

const isAfter = ({ activeAtUs, ticketId }: InboxPosition): RawBuilder<boolean> => sql<boolean>`
  (support_tickets.updated_at, support_tickets.id)
    < (timestamptz 'epoch' + ${activeAtUs}::bigint * interval '1 microsecond', ${ticketId}::bigint)`;

/** A word that is in a tenth of the tickets fills a page from so many. */
const NEAR = 500;

/** Whether a ticket is among the next few hundred; of none, if there aren't as many. */
const isNear = (after: InboxPosition | undefined): RawBuilder<boolean> => sql<boolean>`
  support_tickets.updated_at >= (
    select updated_at from support_tickets where ${after ? isAfter(after) : sql`true`}
    order by updated_at desc, id desc offset ${sql.lit(NEAR - 1)} limit 1
  )`;

/** Nobody counts further, in an inbox; and so each count reads a page or two of an index, however many tickets there are. */
export const COUNTED_TO = 1_000;

export type TicketCounts = { byStatus: Record<TicketStatus, number>; unanswered: number };

/** Counts tickets up to `COUNTED_TO` of each kind. */
export async function countTickets(db: Kysely<Database>): Promise<TicketCounts> {
  // In the index's order, so that the index is read and not the table, where there may be few between many others.
  const upTo = sql`order by updated_at desc limit ${sql.lit(COUNTED_TO)}`;
  const { rows } = await sql<{ kind: TicketStatus | 'unanswered'; count: number }>`
    select s.status as kind, (
      select count(*) from (select from support_tickets where status = s.status ${upTo}) as counted
    ) as count
    from unnest(${[...ticketStatuses]}::text[]) as s (status)
    union all
    select 'unanswered', count(*) from (select from support_tickets where ${isUnanswered} ${upTo}) as counted`.execute(
    db,
  );
  const counts = new Map(rows.map(({ kind, count }) => [kind, count]));
  const count = (kind: TicketStatus | 'unanswered') => counts.get(kind) ?? 0;
  return {
    byStatus: {
      open: count('open'),
      in_progress: count('in_progress'),
      waiting_user: count('waiting_user'),
      closed: count('closed'),
    },
    unanswered: count('unanswered'),
  };
}
