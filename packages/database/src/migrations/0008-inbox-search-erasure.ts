import { type Kysely, sql } from 'kysely';

/** The inbox's order, filters and search; erased users. Each part creates what a route needs, with its indexes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addLastMessage(db);
  await addInboxIndexes(db);
  await addSearch(db);
  await addErasure(db);
}

/** Who wrote last, and when. A reply's own statement keeps it for admins; a trigger for users, whoever inserts their message. */
async function addLastMessage(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table support_tickets
      add column last_author text not null default 'user' check (last_author in ('user', 'admin')),
      add column last_message_at timestamptz not null default now()`.execute(db);
  await sql`
    update support_tickets t set last_author = m.author, last_message_at = m.created_at
    from (
      select distinct on (ticket_id) ticket_id, author, created_at from support_messages order by ticket_id, id desc
    ) m
    where m.ticket_id = t.id`.execute(db);
  // A new ticket's columns say already what its first message would write.
  await sql`
    create function note_user_message() returns trigger language plpgsql as $$
    begin
      update support_tickets
        set last_author = 'user', last_message_at = new.created_at, updated_at = now()
        where id = new.ticket_id and (last_author <> 'user' or last_message_at < new.created_at);
      return null;
    end $$`.execute(db);
  await sql`
    create trigger support_messages_note_user_message after insert on support_messages
      for each row when (new.author = 'user') execute function note_user_message()`.execute(db);
}

/** One index for each of the inbox's filters, in its order: the last activity first. */
async function addInboxIndexes(db: Kysely<unknown>): Promise<void> {
  await sql`create index support_tickets_activity on support_tickets (updated_at, id)`.execute(db);
  await sql`create index support_tickets_status on support_tickets (status, updated_at, id)`.execute(db);
  await sql`create index support_tickets_priority on support_tickets (priority, updated_at, id)`.execute(db);
  await sql`
    create index support_tickets_unanswered on support_tickets (updated_at, id)
    where last_author = 'user' and status <> 'closed'`.execute(db);
}

/**
 * Search by pieces of three characters. The subjects have a table of their own, because each reply writes its ticket's
 * row anew, with an entry in every index on it.
 */
async function addSearch(db: Kysely<unknown>): Promise<void> {
  // Lower case, white space evened out, two spaces before each word: so one character at a word's beginning is a piece.
  await sql`
    create function search_words(value text) returns text language sql immutable strict parallel safe
    return '  ' || regexp_replace(lower(value), '\\s+', '  ', 'g')`.execute(db);
  await sql`
    create function search_pieces(words text) returns text[] language sql immutable strict parallel safe
    return array(select distinct substr(words, i, 3) from generate_series(1, char_length(words) - 2) as i)`.execute(
    db,
  );
  await sql`
    create table ticket_search (
      ticket_id bigint primary key references support_tickets on delete cascade,
      words text not null
    )`.execute(db);
  await sql`insert into ticket_search select id, search_words(subject) from support_tickets`.execute(db);
  // Without fastupdate, as every search would read the list of what isn't yet in the index.
  await sql`
    create index ticket_search_pieces on ticket_search using gin (search_pieces(words)) with (fastupdate = off)`.execute(
    db,
  );
  await sql`
    create index users_search on users using gin (search_pieces(search_words(username))) with (fastupdate = off)`.execute(
    db,
  );
  await sql`
    create function note_subject() returns trigger language plpgsql as $$
    begin
      insert into ticket_search values (new.id, search_words(new.subject))
        on conflict (ticket_id) do update set words = excluded.words;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger support_tickets_note_subject after insert or update of subject on support_tickets
      for each row execute function note_subject()`.execute(db);
}

/**
 * An erased user never gets a Telegram id again, and a send that was under way when they were erased ends as sent or
 * withdrawn, without Telegram's words, which may quote the message.
 */
async function addErasure(db: Kysely<unknown>): Promise<void> {
  await sql`alter table support_tickets add column erased_at timestamptz`.execute(db);
  await sql`
    alter table support_tickets
      add constraint support_tickets_erased_closed check (erased_at is null or status = 'closed')`.execute(
    db,
  );
  await sql`
    alter table users
      add constraint users_erased_unlinked check (erased_at is null or telegram_id is null)`.execute(db);
  await sql`
    create function withdraw_of_erased() returns trigger language plpgsql as $$
    begin
      if exists (select from users where id = new.user_id and erased_at is not null) then
        new.status := 'withdrawn';
        new.reason := 'user_erased';
      end if;
      return new;
    end $$`.execute(db);
  await sql`
    create trigger notifications_withdraw_of_erased before update of status on notifications
      for each row when (new.status in ('pending', 'parked', 'failed', 'unknown'))
      execute function withdraw_of_erased()`.execute(db);
  await sql`
    create function forget_detail_of_erased() returns trigger language plpgsql as $$
    begin
      if exists (
        select from notifications n join users u on u.id = n.user_id
        where n.id = new.notification_id and u.erased_at is not null
      ) then
        new.detail := null;
      end if;
      return new;
    end $$`.execute(db);
  await sql`
    create trigger notification_attempts_forget_detail before update of detail on notification_attempts
      for each row when (new.detail is not null) execute function forget_detail_of_erased()`.execute(db);
}
