import { type Kysely, sql } from 'kysely';

/**
 * A ticket has all that it can be found by in its own row, so that a search which reads the inbox in its order looks up no
 * user and takes no text to words.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Words have no line break, so nothing is found across it.
  await sql`
    create function search_text_of(subject text, username text) returns text language sql immutable parallel safe
    return search_words(subject) || E'\\n' || search_words(username)`.execute(db);
  await sql`alter table support_tickets add column search_text text`.execute(db);
  await sql`
    update support_tickets t set search_text = search_text_of(t.subject, u.username)
    from users u where u.id = t.user_id`.execute(db);
  await sql`alter table support_tickets alter column search_text set not null`.execute(db);
  // The share lock: whoever renames the user at this moment either comes before, or finds the ticket. Without a user the
  // foreign key refuses the ticket.
  await sql`
    create function compose_search_text() returns trigger language plpgsql as $$
    begin
      new.search_text := search_text_of(
        new.subject, coalesce((select username from users where id = new.user_id for share), ''));
      return new;
    end $$`.execute(db);
  await sql`
    create trigger support_tickets_compose_search_text before insert or update of subject, user_id on support_tickets
      for each row execute function compose_search_text()`.execute(db);
  await sql`
    create function note_username() returns trigger language plpgsql as $$
    begin
      update support_tickets set search_text = search_text_of(subject, new.username) where user_id = new.id;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger users_note_username after update of username on users
      for each row when (new.username is distinct from old.username) execute function note_username()`.execute(
    db,
  );
}
