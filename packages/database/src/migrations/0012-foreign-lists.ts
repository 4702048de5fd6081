import { type Kysely, sql } from 'kysely';

/**
 * Other systems' notifications are listed by themselves. Those of one user had two indexes: that of user and id finds
 * all that the other did.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index notifications_foreign_user`.execute(db);
  await sql`create index notifications_foreign_listed on notifications (id) where message_id is null`.execute(
    db,
  );
}
