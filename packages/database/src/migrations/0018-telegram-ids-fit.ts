import { type Kysely, sql } from 'kysely';

/**
 * Telegram's ids have 52 bits at most (core.telegram.org/bots/api#user). A greater one, set by hand, can't be told exactly to
 * the Bot API, which would deliver to another chat: it was nobody's, and is removed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    update users set telegram_id = null
    where telegram_id not between -4503599627370496 and 4503599627370496`.execute(db);
  await sql`
    alter table users add constraint users_telegram_id_has_52_bits
      check (telegram_id between -4503599627370496 and 4503599627370496)`.execute(db);
}
