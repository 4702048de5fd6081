import { type Kysely, sql } from 'kysely';

/** A slot of the bot's pace tells whose it is, as a chat's does, so that a claim whose answer was lost can give it back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table bot_slots
      drop column grants,
      add column notification_id bigint not null default 0,
      add column claim integer not null default 0`.execute(db);
}
