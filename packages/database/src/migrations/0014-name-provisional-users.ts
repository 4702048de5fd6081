import { type Kysely, sql } from 'kysely';

/** Other systems' notifications make such users too, not only the Mini App. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table users rename column from_mini_app to provisional`.execute(db);
}
