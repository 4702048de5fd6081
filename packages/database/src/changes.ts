import { sql } from 'kysely';
import { UNPREPARED } from './preparing-client.ts';
import type { Db, NotificationStatus, TicketPriority, TicketStatus } from './schema.ts';

/** A ticket or a notification as it was found after a change: ids and states, no texts. */
export type Change = { changedAtMicros: number } & (
  | { kind: 'ticket'; ticketId: number; status: TicketStatus; priority: TicketPriority }
  | {
      kind: 'notification';
      notificationId: number;
      ticketId: number;
      /** Whether another system keeps the ticket. */
      foreign: boolean;
      status: NotificationStatus;
      reason: string | null;
    }
);

export type Changes = {
  /** When it was looked, in microseconds since 1970 by the database's clock. */
  asOfMicros: number;
  /** In the order of the changes; null if there are more than asked for. */
  changes: Change[] | null;
};

/**
 * What changed after a moment and is committed by now, each ticket and notification once, in its latest state. A
 * transaction's changes have the time of its beginning: those that commit late are found only by looking further back.
 *
 * @param sinceMicros microseconds since 1970 by the database's clock.
 */
export async function findChanges(
  db: Db,
  { sinceMicros, limit }: { sinceMicros: number; limit: number },
): Promise<Changes> {
  // A literal, no parameter: the planner must see how little this asks for.
  const since = sql`(timestamptz 'epoch' + ${sql.lit(sinceMicros)} * interval '1 microsecond')`;
  const notifications = sql`
    select 'notification', id, ticket_id, message_id is null, status, reason, null, updated_at from notifications where updated_at > ${since}`;
  const { rows } = await sql<ChangeRow>`
    ${UNPREPARED} select ${micros(sql`now()`)} as "asOfMicros", found.*, ${micros(sql`found.updated_at`)} as "changedAtMicros"
    from (values (1)) as always left join (
      select * from (
        select 'ticket' as kind, id, id as "ticketId", false as "foreign", status, null as reason, priority, updated_at
          from support_tickets where updated_at > ${since}
        union all ${notifications} and status in ('sent', 'folded', 'expired', 'withdrawn')
        union all ${notifications} and status = 'parked'
        union all ${notifications}
          and (status in ('failed', 'unknown') or (status = 'pending' and updated_at > created_at))
        -- No more than the workers can send at a time.
        union all ${notifications} and status = 'sending'
        -- Fresh ones are due since they exist: the index on what is due finds them.
        union all ${notifications} and status = 'pending' and updated_at = created_at and due_at > ${since} and due_at <= now()
      ) as changed limit ${sql.lit(limit + 1)}
    ) as found on true
    order by found.updated_at`.execute(db);
  const changes = rows.flatMap((row) => toChange(row) ?? []);
  return { asOfMicros: rows[0]?.asOfMicros ?? sinceMicros, changes: changes.length > limit ? null : changes };
}

/** The database's clock, in microseconds since 1970. */
export async function readClockMicros(db: Db): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${micros(sql`now()`)} as now`.execute(db);
  if (!rows[0]) throw new Error('A select without a table returns one row');
  return rows[0].now;
}

const micros = (time: ReturnType<typeof sql>) => sql`(extract(epoch from ${time}) * 1000000)::bigint`;

type ChangeRow = { asOfMicros: number; changedAtMicros: number } & (
  | { kind: 'ticket'; id: number; ticketId: number; status: TicketStatus; priority: TicketPriority }
  | {
      kind: 'notification';
      id: number;
      ticketId: number;
      foreign: boolean;
      status: NotificationStatus;
      reason: string | null;
    }
  /** Nothing changed. */
  | { kind: null }
);

function toChange(row: ChangeRow): Change | undefined {
  const { changedAtMicros } = row;
  switch (row.kind) {
    case 'ticket': {
      const { kind, ticketId, status, priority } = row;
      return { kind, ticketId, status, priority, changedAtMicros };
    }
    case 'notification': {
      const { kind, id, ticketId, foreign, status, reason } = row;
      return { kind, notificationId: id, ticketId, foreign, status, reason, changedAtMicros };
    }
    case null:
      return undefined;
  }
}
