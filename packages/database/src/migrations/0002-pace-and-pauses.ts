import { type Kysely, sql } from 'kysely';

/**
 * The bot's and the chats' pace, and pauses of all deliveries.
 *
 * Slots are unlogged: they are only worth a second or two, and cost no WAL. After a crash of Postgres they are gone and
 * made anew, each free after a full second.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table bot_slots (
      id integer primary key,
      free_at timestamptz not null,
      grants integer not null default 0
    ) with (fillfactor = 50)`.execute(db);
  await sql`create index bot_slots_free on bot_slots (free_at)`.execute(db);
  // A new database has sent nothing yet, so its first slots are free at once.
  await sql`insert into bot_slots (id, free_at) select id, now() from generate_series(1, 30) as id`.execute(
    db,
  );

  await sql`
    create unlogged table chat_slots (
      chat_id bigint primary key,
      free_at timestamptz not null,
      notification_id bigint not null,
      claim integer not null
    ) with (fillfactor = 50)`.execute(db);

  await sql`
    create table delivery_pauses (
      kind text primary key check (kind in ('throttled', 'outage', 'token')),
      reason text not null,
      detail text,
      since timestamptz not null default now(),
      paused_until timestamptz not null,
      ended_at timestamptz,
      probes integer not null default 0,
      token_fingerprint text
    )`.execute(db);

  await sql`alter table notifications add column claim_token text`.execute(db);
}
