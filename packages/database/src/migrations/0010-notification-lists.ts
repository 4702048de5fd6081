import { type Kysely, sql } from 'kysely';

/**
 * Indexes for the lists of notifications that operators look at. None of them holds a notification that is sent without
 * trouble, so claims and settles write nothing more. What is pending or sending has its own indexes already; what was
 * sent is found on the primary key.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index notifications_undecided`.execute(db);
  await sql`
    create index notifications_listed on notifications (status, id)
    where status in ('parked', 'failed', 'unknown', 'folded', 'expired', 'withdrawn')`.execute(db);
  await sql`create index notifications_reason on notifications (reason, id) where reason is not null`.execute(
    db,
  );
  // A user's own notifications are found by their tickets; other systems' tickets have no rows here.
  await sql`create index notifications_foreign on notifications (user_id, id) where message_id is null`.execute(
    db,
  );
}
