import { type Db, openDatabase } from '@replybell/database';
import { sql } from 'kysely';

export const TICKETS = 200_000;
const MESSAGES_PER_TICKET = 5;
const USERS = 20_000;
/** A ticket whose thread is far longer than a page of it. */
export const LONG_THREAD = { ticketId: 1, messages: 5_000 };

const FILL_TIMEOUT_MS = 300_000;

/**
 * Fills an empty database with an inbox of some years: a tenth of the tickets waits for an answer, one in fifty is urgent,
 * the subjects are of a few kinds, each with its own number.
 */
export async function fillInbox(databaseUrl: string): Promise<void> {
  const db = openDatabase({
    url: databaseUrl,
    applicationName: 'replybell-bench',
    maxConnections: 1,
    statementTimeoutMs: FILL_TIMEOUT_MS,
  });
  try {
    // No triggers: what they write row by row for a person is made at once for a million rows.
    await sql`set session_replication_role = replica`.execute(db);
    await insertRows(db);
    await sql`vacuum analyze`.execute(db);
  } finally {
    await db.destroy();
  }
}

async function insertRows(db: Db): Promise<void> {
  const subjectIndex = await dropIndex(db, 'ticket_search_pieces');
  await sql`
    insert into users (username, telegram_id)
    select (array['anna', 'boris', 'Вера', 'Глеб', 'dmitry'])[1 + n % 5] || '_' || n, 1000000000 + n
    from generate_series(1, ${USERS}::integer) n`.execute(db);
  await sql`
    insert into support_tickets (user_id, subject, search_text, status, priority, last_author, last_message_at, created_at, updated_at)
    select u.id, subject, search_text_of(subject, u.username),
      case when n % 10 = 0 then 'open' when n % 10 = 1 then 'waiting_user' when n % 100 = 2 then 'in_progress'
        else 'closed' end,
      case when n % 50 = 0 then 'urgent' when n % 10 = 3 then 'high' when n % 10 = 4 then 'low' else 'medium' end,
      case when n % 10 = 0 then 'user' else 'admin' end, at, at, at
    from generate_series(1, ${TICKETS}::integer) n, lateral (
      select 1 + n::bigint * 7919 % ${USERS} as user_id,
        (array['Проблема с балансом', 'Не приходит код', 'Возврат за заказ', 'Payment failed', 'Cannot sign in',
          'Ошибка в приложении', 'Доставка задержана', 'Refund of order'])[1 + n % 8] || ' №' || n::bigint * 7919 % 1000003
          as subject,
        now() - (${TICKETS}::integer - n) * interval '5 minutes' as at
    ) as ticket join users u on u.id = ticket.user_id
    order by n`.execute(db);
  await sql`
    insert into support_messages (ticket_id, author, message, created_at)
    select t.id, case when m % 2 = 1 then 'user' else 'admin' end, 'Здравствуйте! Посмотрите, пожалуйста, ещё раз.', t.created_at
    from support_tickets t, generate_series(1, ${MESSAGES_PER_TICKET}::integer) m`.execute(db);
  await sql`
    insert into support_messages (ticket_id, author, message)
    select ${LONG_THREAD.ticketId}::bigint, 'admin', 'Ответ номер ' || m
    from generate_series(1, ${LONG_THREAD.messages}::integer) m`.execute(db);
  await sql`
    insert into notifications (message_id, ticket_id, user_id, status, sent_at)
    select m.id, m.ticket_id, t.user_id, 'sent', now()
    from support_messages m join support_tickets t on t.id = m.ticket_id
    where m.author = 'admin' and (t.id % 10 = 0 or t.id = ${LONG_THREAD.ticketId})`.execute(db);

  await sql`insert into ticket_search select id, search_words(subject) from support_tickets`.execute(db);
  await sql.raw(subjectIndex).execute(db);
}

/** @returns the statement that creates it again. */
async function dropIndex(db: Db, name: string): Promise<string> {
  const { rows } = await sql<{ definition: string }>`
    select pg_get_indexdef(${name}::regclass) as definition`.execute(db);
  await sql`drop index ${sql.id(name)}`.execute(db);
  return rows[0]?.definition ?? '';
}
