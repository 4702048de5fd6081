import { sql, type Transaction } from 'kysely';
import { type Database, DEFAULT_LOCALE } from './schema.ts';
import { ensureUser } from './visits.ts';

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

/**
 * Promises to tell a user of a reply whose ticket isn't ours.
 *
 * @returns what its job is made of; undefined if there is no user with the id.
 */
export async function insertForeignNotification(
  trx: Transaction<Database>,
  reply: ForeignReply,
): Promise<{ notificationId: number; ticketId: number; epoch: number } | undefined> {
  const userId =
    'id' in reply.user
      ? reply.user.id
      : await ensureUser(trx, {
          telegramId: reply.user.telegramId,
          username: String(reply.user.telegramId),
          locale: reply.locale ?? DEFAULT_LOCALE,
        });
  // The user is held until the commit: nobody erases them, or merges them into another, in between.
  const { rows } = await sql<{ notificationId: number; ticketId: number; epoch: number }>`
    insert into notifications (user_id, ticket_id, subject, button_url, locale, request_id)
    select id, ${reply.ticketId}, ${reply.subject}, ${reply.buttonUrl}, ${reply.locale}, ${reply.requestId}
    from (select id from users where id = ${userId} and erased_at is null for key share) as held
    returning id as "notificationId", ticket_id as "ticketId", epoch`.execute(trx);
  return rows[0];
}
