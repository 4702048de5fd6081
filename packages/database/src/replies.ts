import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { createBatcher } from './batcher.ts';
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
  return explain(db, reply, () => insertRows(db, [reply]).then(([row]) => row));
}

/** As `insertReply`, where replies that come at the same time share a statement. */
export function createReplyInserter(db: Kysely<Database>): (reply: NewReply) => Promise<InsertedReply> {
  const insert = createBatcher((replies: NewReply[]) => insertRows(db, replies));
  return (reply) => explain(db, reply, () => insert(reply));
}

/** Tells why a reply was not inserted, or gives the one that its key made before. */
async function explain(
  db: Kysely<Database>,
  reply: NewReply,
  insert: () => Promise<ReplyRow | undefined>,
): Promise<InsertedReply> {
  try {
    const row = await insert();
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

/**
 * Inserts replies with their notifications; a key that is taken fails them all.
 *
 * @returns a row for each reply, in their order; none for one whose ticket is closed or not there.
 */
async function insertRows(db: Kysely<Database>, replies: NewReply[]): Promise<(ReplyRow | undefined)[]> {
  const column = <Value>(read: (reply: NewReply) => Value) => replies.map(read);
  const { rows } = await sql<ReplyRow | { message_id: null }>`
    with given as (
      select * from unnest(
        ${column((reply) => reply.ticketId)}::bigint[], ${column((reply) => reply.message)}::text[],
        ${column((reply) => reply.requestId)}::text[], ${column((reply) => reply.idempotency?.caller ?? null)}::text[],
        ${column((reply) => reply.idempotency?.key ?? null)}::text[],
        ${column((reply) => (reply.idempotency ? bodyHash(reply) : null))}::text[]
      ) with ordinality as g (ticket_id, message, request_id, caller, key, body_hash, position)
    ), open_ticket as (
      -- Always in the same order: two batches with the same tickets don't wait for each other.
      select id, user_id from support_tickets
      where id in (select ticket_id from given) and status <> 'closed'
      order by id
      for no key update
    ), ticket as (
      update support_tickets t set status = 'waiting_user', updated_at = now()
      from open_ticket o where t.id = o.id
    ), numbered as (
      select g.*, o.user_id, nextval(pg_get_serial_sequence('support_messages', 'id')) as message_id
      from given g join open_ticket o on o.id = g.ticket_id
    ), reply as (
      insert into support_messages (id, ticket_id, author, message)
      select message_id, ticket_id, 'admin', message from numbered order by position
      returning id, created_at
    ), notification as (
      insert into notifications (message_id, ticket_id, user_id, request_id)
      select message_id, ticket_id, user_id, request_id from numbered order by position
      returning id, message_id, status, epoch
    ), remembered as (
      insert into idempotency_keys (caller, key, body_hash, message_id)
      select caller, key, body_hash, message_id from numbered where key is not null order by caller, key
    )
    select m.message_id, g.ticket_id, g.message, r.created_at, n.id as notification_id, n.status, n.epoch
    from given g
      left join numbered m on m.position = g.position
      left join reply r on r.id = m.message_id
      left join notification n on n.message_id = m.message_id
    order by g.position`.execute(db);
  return rows.map((row) => (row.message_id === null ? undefined : row));
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
