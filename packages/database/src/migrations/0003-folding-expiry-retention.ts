import { type Kysely, sql } from 'kysely';

/** Folding of a ticket's waiting notifications; indexes for what waits for an operator, what expires and what may be removed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table notifications
      add column folded_into bigint references notifications on delete cascade,
      add check (status <> 'folded' or folded_into is not null)`.execute(db);
  await sql`create index notifications_folded on notifications (folded_into) where folded_into is not null`.execute(
    db,
  );
  await sql`create index notifications_parked_since on notifications (updated_at) where status = 'parked'`.execute(
    db,
  );
  await sql`
    create index notifications_undecided on notifications (status)
    where status in ('failed', 'unknown')`.execute(db);
  await sql`
    create index notifications_final on notifications (updated_at)
    where status in ('sent', 'folded', 'expired', 'withdrawn')`.execute(db);
}
