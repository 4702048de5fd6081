import { type Kysely, sql } from 'kysely';

/** How fast users may write. Unlogged: after a crash of Postgres everybody may write at once, which harms nobody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table user_allowances (
      user_id bigint not null references users on delete cascade,
      kind text not null,
      used_until timestamptz not null,
      primary key (user_id, kind)
    ) with (fillfactor = 50)`.execute(db);
}
