import { sql } from 'kysely';
import { type Db, type TicketStatus, ticketStatuses } from './schema.ts';
import { isUnanswered } from './tickets.ts';

/** Nobody counts further, in an inbox; and so each count reads a page or two of an index, however many tickets there are. */
export const COUNTED_TO = 1_000;

export type TicketCounts = { byStatus: Record<TicketStatus, number>; unanswered: number };

/** Counts tickets up to `COUNTED_TO` of each kind. */
export async function countTickets(db: Db): Promise<TicketCounts> {
  // In the index's order, so that the index is read and not the table, where there may be few between many others.
  const upTo = sql`order by updated_at desc limit ${sql.lit(COUNTED_TO)}`;
  const { rows } = await sql<{ kind: TicketStatus | 'unanswered'; count: number }>`
    select s.status as kind, (
      select count(*) from (select from support_tickets where status = s.status ${upTo}) as counted
    ) as count
    from (values ${sql.join(ticketStatuses.map((status) => sql`(${sql.lit(status)})`))}) as s (status)
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
