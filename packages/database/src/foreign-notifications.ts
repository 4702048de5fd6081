import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** A reply in another system, which keeps its own tickets. */
export type ForeignReply = {
  /** Somebody who is known here, or a Telegram id: its user is created if there is none. */
  user: { id: number } | { telegramId: number };
  /** The other system's number of its ticket. */
  ticketId: number;
  subject: string;
  /** What the button opens, in place of the Mini App. */
  buttonUrl: string | null;
  /** The message's language, in place of the user's. */
  locale: string | null;
  requestId: string | null;
};

/** The languages that a user has without saying so: as in `insertUser`'s callers. */
const DEFAULT_LOCALE = 'ru';

/**
 * Promises to tell a user of a reply whose ticket isn't ours.
 *
 * @returns what its job is made of; undefined if there is no user with the id.
 */
export async function insertForeignNotification(
  db: Kysely<Database>,
  reply: ForeignReply,
): Promise<{ notificationId: number; ticketId: number; epoch: number } | undefined> {
  const userId =
    'id' in reply.user ? reply.user.id : await ensureUser(db, reply.user.telegramId, reply.locale);
  const { rows } = await sql<{ notificationId: number; ticketId: number; epoch: number }>`
    insert into notifications (user_id, ticket_id, subject, button_url, locale, request_id)
    select id, ${reply.ticketId}, ${reply.subject}, ${reply.buttonUrl}, ${reply.locale}, ${reply.requestId}
    from users where id = ${userId} and erased_at is null
    returning id as "notificationId", ticket_id as "ticketId", epoch`.execute(db);
  return rows[0];
}

/** The id of the user with a Telegram id, who is created if there is none; racing calls make one. */
async function ensureUser(db: Kysely<Database>, telegramId: number, locale: string | null): Promise<number> {
  const find = () =>
    db.selectFrom('users').select('id').where('telegram_id', '=', telegramId).executeTakeFirst();
  const known = await find();
  if (known) return known.id;
  await sql`
    insert into users (username, telegram_id, locale)
    values (${String(telegramId)}, ${telegramId}, ${locale ?? DEFAULT_LOCALE})
    on conflict (telegram_id) do nothing`.execute(db);
  const created = await find();
  // Somebody moved the id away at this very moment.
  return created?.id ?? ensureUser(db, telegramId, locale);
}
