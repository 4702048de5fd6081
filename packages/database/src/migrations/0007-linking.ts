import { type Kysely, sql } from 'kysely';

/** Link tokens, the bot's updates that were handled, who polls for them; a telegram_id that is set makes its user reachable. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table link_tokens (
      token_hash bytea primary key,
      user_id bigint not null references users on delete cascade,
      expires_at timestamptz not null,
      used_at timestamptz,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index link_tokens_user on link_tokens (user_id)`.execute(db);
  await sql`create index link_tokens_expiry on link_tokens (expires_at)`.execute(db);

  // Each bot counts its updates by itself, so another BOT_TOKEN may bring numbers that were seen before.
  await sql`
    create table telegram_updates (
      bot_id bigint not null,
      update_id bigint not null,
      received_at timestamptz not null default now(),
      primary key (bot_id, update_id)
    )`.execute(db);
  await sql`create index telegram_updates_age on telegram_updates (received_at)`.execute(db);
  await sql`
    create unlogged table update_polling (
      bot_id bigint primary key,
      holder uuid not null,
      lease_until timestamptz not null
    )`.execute(db);

  // Whose they are is known from the ticket, if it is ours; of other systems' tickets from here only.
  await sql`
    create index notifications_foreign_user on notifications (user_id) where message_id is null`.execute(db);

  // What Telegram said of one account doesn't hold for another, nor for one that came back.
  await sql`
    create or replace function note_new_contact() returns trigger language plpgsql as $$
    begin
      new.unreachable_reason := null;
      if new.telegram_id is not null then
        new.contact_version := old.contact_version + 1;
      end if;
      return new;
    end $$`.execute(db);
  await sql`drop trigger users_note_new_contact on users`.execute(db);
  await sql`
    create trigger users_note_new_contact before update of telegram_id on users
      for each row execute function note_new_contact()`.execute(db);
}
