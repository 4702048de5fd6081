import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database, NotificationStatus } from './schema.ts';
import type { Message } from './tickets.ts';

export type NewReply = {
  ticketId: number;
  message: string;
  requestId: string | null;
  /** The same caller with the same key gets the same reply again. */
  idempotency?: { caller: string; key: string } | undefined;
};

export type InsertedReply =
  | {
      kind: 'inserted';
      reply: Message;
      notification: { id: number; status: NotificationStatus; epoch: number };
    }
  | { kind: 'ticket_not_found' }
  | { kind: 'ticket_closed' }
  /** The key was used for another reply. */
  | { kind: 'key_reused' };

/**
 * Stores an admin's reply, sets the ticket to `waiting_user` and promises the notification, all in one statement: a
 * reply that is committed has exactly one notification. Requests that race with one key wait for the first.
 */
export async function insertReply(db: Kysely<Database>, reply: NewReply): Promise<InsertedReply> {
  try {
    const row = await insertRows(db, reply);
    if (row) return { kind: 'inserted', ...toReply(row) };
  } catch (error) {
    if (reply.idempotency && isKeyTaken(error)) return findByKey(db, reply, reply.idempotency);
    throw error;
  }
  // A repeated request gets its answer even if the ticket was closed meanwhile.
  const before = reply.idempotency && (await findByKey(db, reply, reply.idempotency));
  if (before && before.kind !== 'ticket_not_found') return before;
  const ticket = await db
    .selectFrom('support_tickets')
    .select('id')
    .where('id', '=', reply.ticketId)
    .executeTakeFirst();
  return { kind: ticket ? 'ticket_closed' : 'ticket_not_found' };
}

async function insertRows(db: Kysely<Database>, reply: NewReply): Promise<ReplyRow | undefined> {
  const { idempotency } = reply;
  const { rows } = await sql<ReplyRow>`
    with ticket as (
      update support_tickets set status = 'waiting_user', updated_at = now()
      where id = ${reply.ticketId} and status <> 'closed'
      returning id, user_id
    ), reply as (
      insert into support_messages (ticket_id, author, message)
      select id, 'admin', ${reply.message} from ticket
      returning id, ticket_id, message, created_at
    ), notification as (
      insert into notifications (message_id, ticket_id, user_id, request_id)
      select reply.id, ticket.id, ticket.user_id, ${reply.requestId} from reply, ticket
      returning id, status, epoch
    )${
      idempotency
        ? sql`, remembered as (
      insert into idempotency_keys (caller, key, body_hash, message_id)
      select ${idempotency.caller}, ${idempotency.key}, ${bodyHash(reply)}, id from reply
    )`
        : sql``
    }
    select r.id as message_id, r.ticket_id, r.message, r.created_at, n.id as notification_id, n.status, n.epoch
    from reply r, notification n`.execute(db);
  return rows[0];
}

/** What the key made before; `ticket_not_found` if it made nothing. */
async function findByKey(
  db: Kysely<Database>,
  reply: NewReply,
  { caller, key }: { caller: string; key: string },
): Promise<InsertedReply> {
  const { rows } = await sql<ReplyRow & { body_hash: string }>`
    select k.body_hash, m.id as message_id, m.ticket_id, m.message, m.created_at,
      n.id as notification_id, n.status, n.epoch
    from idempotency_keys k
      join support_messages m on m.id = k.message_id
      join notifications n on n.message_id = m.id
    where k.caller = ${caller} and k.key = ${key}`.execute(db);
  const row = rows[0];
  if (!row) return { kind: 'ticket_not_found' };
  if (row.body_hash !== bodyHash(reply)) return { kind: 'key_reused' };
  // The same answer as the first time; what became of the notification since is told at its own address.
  const { notification, ...before } = toReply(row);
  return { kind: 'inserted', ...before, notification: { ...notification, status: 'pending' } };
}

const bodyHash = ({ ticketId, message }: NewReply): string =>
  createHash('sha256')
    .update(JSON.stringify([ticketId, message]))
    .digest('base64');

const isKeyTaken = (error: unknown): boolean =>
  error instanceof Error && 'constraint' in error && error.constraint === 'idempotency_keys_pkey';

const toReply = (row: ReplyRow) => ({
  reply: {
    id: row.message_id,
    ticketId: row.ticket_id,
    author: 'admin' as const,
    message: row.message,
    createdAt: row.created_at,
  },
  notification: { id: row.notification_id, status: row.status, epoch: row.epoch },
});

type ReplyRow = {
  message_id: number;
  ticket_id: number;
  message: string;
  created_at: Date;
  notification_id: number;
  status: NotificationStatus;
  epoch: number;
};
