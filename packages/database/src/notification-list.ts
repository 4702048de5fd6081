import { type Expression, type SqlBool, sql } from 'kysely';
import { idsOfUser, type Notification, notificationColumns } from './notifications.ts';
import type { PageRequest } from './page-request.ts';
import type { Db, NotificationStatus } from './schema.ts';

export type NotificationFilter = {
  status?: NotificationStatus;
  reason?: string;
  /** Created at this time or later. */
  since?: Date;
  /** Created before this time. */
  until?: Date;
  ticketId?: number;
  userId?: number;
  /** Whether another system keeps the ticket; both if not given. */
  foreign?: boolean;
};

/** Notifications from the newest to the oldest, those before `beforeId` if it is given. */
export async function listNotifications(
  db: Db,
  { limit, beforeId, ...filter }: NotificationFilter & PageRequest,
): Promise<Notification[]> {
  let query = db
    .selectFrom('notifications as n')
    .select(notificationColumns)
    .where(matches(filter))
    .orderBy('n.id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('n.id', '<', beforeId);
  return query.execute();
}

/**
 * The condition of a filter, for a query on `notifications as n`. Each part of it has an index, but for our own tickets':
 * the primary key finds them.
 */
export function matches(filter: NotificationFilter): Expression<SqlBool> {
  const { status, reason, since, until, ticketId, userId, foreign } = filter;
  const conditions: Expression<unknown>[] = [sql`true`];
  // Written into the statement: the planner must see which partial index fits, also when it plans for any parameters.
  if (status !== undefined) conditions.push(sql`n.status = ${sql.lit(status)}`);
  if (reason !== undefined) conditions.push(sql`n.reason = ${reason}`);
  if (ticketId !== undefined) conditions.push(sql`n.ticket_id = ${ticketId}`);
  if (foreign !== undefined)
    conditions.push(foreign ? sql`n.message_id is null` : sql`n.message_id is not null`);
  if (userId !== undefined) conditions.push(sql`n.id in (${idsOfUser(userId)})`);
  if (since !== undefined) {
    conditions.push(sql`n.created_at >= ${since} and n.id >= (${firstIdSince(since, -ID_SLACK_MINUTES)})`);
  }
  if (until !== undefined) {
    conditions.push(sql`n.created_at < ${until} and n.id < (${firstIdSince(until, ID_SLACK_MINUTES)})`);
  }
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

/** Ids grow as time does, except for transactions that overlap; none is open so long. */
const ID_SLACK_MINUTES = 5;

/**
 * The id from which on notifications are as young as a time, found by halving the range of ids: creation times need no
 * index, which each insert would pay for. One more than the last id if all are older.
 */
const firstIdSince = (time: Date, plusMinutes: number) => sql`
  with recursive search (low, high) as (
    select coalesce(min(id), 0), coalesce(max(id), 0) + 1 from notifications
    union all
    select
      case when probe.created_at < at.time then probe.id + 1 else low end,
      case when probe.created_at < at.time then high else (low + high) / 2 end
    from search
      cross join (select ${time}::timestamptz + ${plusMinutes} * interval '1 minute' as time) as at
      cross join lateral (
        select id, created_at from notifications where id >= (low + high) / 2 order by id limit 1
      ) as probe
    where low < high
  )
  select max(low) from search`;
