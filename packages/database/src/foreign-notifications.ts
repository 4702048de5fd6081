import type { Transaction } from 'kysely';
import { holdUser, type NoUser } from './hold-user.ts';
import type { JobKey } from './relay.ts';
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

/** What the job of a new promise is made of. */
export type Promised = {
  kind: 'promised';
  job: JobKey;
};

/** Promises to tell a user of a reply whose ticket isn't ours. */
export async function insertForeignNotification(
  trx: Transaction<Database>,
  reply: ForeignReply,
): Promise<Promised | NoUser> {
  const userId =
    'id' in reply.user
      ? reply.user.id
      : await ensureUser(trx, {
          telegramId: reply.user.telegramId,
          username: String(reply.user.telegramId),
          locale: reply.locale ?? DEFAULT_LOCALE,
        });
  const nobody = await holdUser(trx, userId);
  if (nobody) return nobody;
  const job = await trx
    .insertInto('notifications')
    .values({
      user_id: userId,
      ticket_id: reply.ticketId,
      subject: reply.subject,
      button_url: reply.buttonUrl,
      locale: reply.locale,
      request_id: reply.requestId,
    })
    .returning(['id as notificationId', 'ticket_id as ticketId', 'epoch'])
    .executeTakeFirstOrThrow();
  return { kind: 'promised', job };
}
