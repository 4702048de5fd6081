import { type Kysely, sql } from 'kysely';

/**
 * `ё` is found by `е`, and `е` by `ё`: most people write one for the other. What is stored is taken to words anew where it has
 * the letter; the capital one too, which a database that knows ASCII letters only has left as it is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function search_words(value text) returns text language sql immutable strict parallel safe
    return '  ' || regexp_replace(replace(replace(lower(value), 'ё', 'е'), 'Ё', 'е'), '\\s+', '  ', 'g')`.execute(
    db,
  );
  // Beside the old one, as users are read meanwhile.
  await sql`
    create index users_search_anew on users using gin (search_pieces(search_words(username))) with (fastupdate = off)`.execute(
    db,
  );
  await changeStored(db);
  // Waits for those who are opening a ticket; from here on nobody does.
  await sql`drop index users_search`.execute(db);
  await sql`alter index users_search_anew rename to users_search`.execute(db);
  await changeStored(db);
}

async function changeStored(db: Kysely<unknown>): Promise<void> {
  await sql`
    update ticket_search set words = replace(replace(words, 'ё', 'е'), 'Ё', 'е')
    where words like any (array['%ё%', '%Ё%'])`.execute(db);
  await sql`
    update support_tickets set search_text = replace(replace(search_text, 'ё', 'е'), 'Ё', 'е')
    where search_text like any (array['%ё%', '%Ё%'])`.execute(db);
}
