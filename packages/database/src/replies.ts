import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Actor } from './audit.ts';
import { createBatcher } from './batcher.ts';
import { hashOfRequest } from './idempotency.ts';
import { RowHeldError } from './row-held.ts';
import type { Db, NotificationStatus } from './schema.ts';
import type { Message } from './tickets.ts';
import { repeatConflicts } from './transaction.ts';

export type NewReply = {
  ticketId: number;
  message: string;
  requestId: string | null;
  /** Who replies, for the audit trail; without it the reply leaves no entry there. */
  actor?: Actor | undefined;
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
  /** The ticket's user was erased; such tickets are closed for good. */
  | { kind: 'user_erased' }
  /** The key was used for another reply. */
  | { kind: 'key_reused' };

/**
 * Returns a function that stores an admin's reply, sets the ticket to `waiting_user` and promises the notification, all in
 * one statement: a reply that is committed has exactly one notification. Replies that come at the same time share a
 * statement; requests that race with one key wait for the first.
 *
 * The function throws a RowHeldError if somebody else holds the ticket for four seconds.
 */
export function createReplyInserter(db: Db): (reply: NewReply) => Promise<InsertedReply> {
  const insert = createBatcher((replies: NewReply[]) => repeatConflicts(() => insertRows(db, replies)));
  return (reply) => insertPatiently(db, reply, () => insert(reply));
}

/** How long a reply waits for its ticket, in milliseconds; the first of the waits, each twice the one before, and the longest. */
const PATIENCE = { longestMs: 4_000, firstWaitMs: 5, longestWaitMs: 100 };

/** Tries again while somebody else holds the ticket's row: the replies of others, in the same statement, don't wait for it. */
async function insertPatiently(
  db: Db,
  reply: NewReply,
  insert: () => Promise<ReplyRow | undefined>,
): Promise<InsertedReply> {
  const untilMs = performance.now() + PATIENCE.longestMs;
  for (let waitMs = PATIENCE.firstWaitMs; ; waitMs = Math.min(2 * waitMs, PATIENCE.longestWaitMs)) {
    const inserted = await explain(db, reply, insert);
    if (inserted.kind !== 'held') return inserted;
    if (performance.now() > untilMs) throw new RowHeldError('ticket');
    await sleep(waitMs);
  }
}

/** Tells why a reply was not inserted, or gives the one that its key made before. */
async function explain(
  db: Db,
  reply: NewReply,
  insert: () => Promise<ReplyRow | undefined>,
): Promise<InsertedReply | { kind: 'held' }> {
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
    .select(['status', 'erased_at'])
    .where('id', '=', reply.ticketId)
    .executeTakeFirst();
  if (!ticket) return { kind: 'ticket_not_found' };
  if (ticket.erased_at) return { kind: 'user_erased' };
  return { kind: ticket.status === 'closed' ? 'ticket_closed' : 'held' };
}

/** The most replies whose statement is planned once and not for each call. */
const PLANNED_ONCE = 50;

/**
 * Inserts replies with their notifications; a key that is taken fails them all.
 *
 * @returns a row for each reply, in their order; none for one whose ticket is closed, not there, or held by somebody else.
 */
async function insertRows(db: Db, replies: NewReply[]): Promise<(ReplyRow | undefined)[]> {
  const column = <Value>(read: (reply: NewReply) => Value) => replies.map(read);
  const withKeys = replies.some((reply) => reply.idempotency);
  const withActors = replies.some((reply) => reply.actor);
  // now() is the same in the whole statement, so it is what the columns' defaults wrote. The limit keeps all: without it
  // Postgres expects more rows of arrays that it doesn't know than of those that it does, and plans anew for each call. With
  // it, it expects one, and compares each with each; of many that takes longer than planning.
  const { rows } = await sql<ReplyRow & { position: number }>`
    with given as (
      select * from unnest(
        ${column((reply) => reply.ticketId)}::bigint[], ${column((reply) => reply.message)}::text[],
        ${column((reply) => reply.requestId)}::text[]
      ) with ordinality as g (ticket_id, message, request_id, position)
      ${replies.length <= PLANNED_ONCE ? sql`limit ${replies.length}::bigint` : sql``}
    ), free as (
      select id from support_tickets
      where id in (select ticket_id from given) and status <> 'closed'
      for no key update skip locked
    ), ticket as (
      update support_tickets t
      set status = 'waiting_user', last_author = 'admin', last_message_at = now(), updated_at = now()
      from free where t.id = free.id
      returning t.id, t.user_id
    ), numbered as (
      select g.*, t.user_id, nextval('support_messages_id_seq') as message_id
      from given g join ticket t on t.id = g.ticket_id
    ), reply as (
      insert into support_messages (id, ticket_id, author, message)
      select message_id, ticket_id, 'admin', message from numbered
    ), notification as (
      insert into notifications (message_id, ticket_id, user_id, request_id)
      select message_id, ticket_id, user_id, request_id from numbered
      returning id, message_id, status, epoch
    )${withKeys ? rememberKeys(replies) : sql``}${withActors ? recordReplies(replies) : sql``}
    select m.position, m.message_id, m.ticket_id, m.message, now() as created_at,
      n.id as notification_id, n.status, n.epoch
    from numbered m join notification n on n.message_id = m.message_id`.execute(db);
  const byPosition = new Map(rows.map((row) => [row.position, row]));
  return replies.map((_, index) => byPosition.get(index + 1));
}

/** Where two replies of a batch, or one before, have the same key, the statement fails as a whole. */
function rememberKeys(replies: NewReply[]) {
  const keys = replies.flatMap((reply, index) =>
    reply.idempotency ? [{ ...reply.idempotency, bodyHash: bodyHash(reply), position: index + 1 }] : [],
  );
  const column = <Value>(read: (key: (typeof keys)[number]) => Value) => keys.map(read);
  return sql`, remembered as (
      insert into idempotency_keys (caller, key, body_hash, message_id)
      select k.caller, k.key, k.body_hash, m.message_id
      from unnest(
        ${column((key) => key.caller)}::text[], ${column((key) => key.key)}::text[],
        ${column((key) => key.bodyHash)}::text[], ${column((key) => key.position)}::bigint[]
      ) as k (caller, key, body_hash, position) join numbered m on m.position = k.position
    )`;
}

/** An entry of the audit trail for each reply that has an actor. */
function recordReplies(replies: NewReply[]) {
  const column = <Value>(read: (actor: Actor) => Value) =>
    replies.map(({ actor }) => (actor ? read(actor) : null));
  return sql`, recorded as (
      insert into audit_entries (actor, actor_name, action, subject, request_id, detail)
      select a.key, a.name, 'reply.create', 'ticket:' || m.ticket_id, m.request_id,
        jsonb_build_object('messageId', m.message_id)
      from unnest(${column((actor) => actor.key)}::text[], ${column((actor) => actor.name)}::text[])
        with ordinality as a (key, name, position) join numbered m on m.position = a.position
      where a.key is not null
    )`;
}

/** What the key made before; `ticket_not_found` if it made nothing. */
async function findByKey(
  db: Db,
  reply: NewReply,
  { caller, key }: { caller: string; key: string },
): Promise<InsertedReply> {
  const { rows } = await sql<ReplyRow & { body_hash: string }>`
    select k.body_hash, m.id as message_id, m.ticket_id, m.message, m.created_at,
      n.id as notification_id, n.status, n.epoch
    from idempotency_keys k
      left join support_messages m on m.id = k.message_id
      left join notifications n on n.message_id = m.id
    where k.caller = ${caller} and k.key = ${key}`.execute(db);
  const row = rows[0];
  if (!row) return { kind: 'ticket_not_found' };
  // The key of something that is no reply has another hash, too.
  if (row.body_hash !== bodyHash(reply)) return { kind: 'key_reused' };
  // The same answer as the first time; what became of the notification since is told at its own address.
  const { notification, ...before } = toReply(row);
  return { kind: 'inserted', ...before, notification: { ...notification, status: 'pending' } };
}

const bodyHash = ({ ticketId, message }: NewReply): string => hashOfRequest([ticketId, message]);

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
