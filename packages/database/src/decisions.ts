import { type RawBuilder, sql } from 'kysely';
import { RELAY_CHANNEL } from './listen.ts';
import type { Db, NotificationStatus } from './schema.ts';

/** What an operator's decision came to; a refused one tells the status that stood against it. */
export type Decision =
  | { kind: 'done' }
  | { kind: 'refused'; status: NotificationStatus }
  | { kind: 'not_found' };

/**
 * What a retry sets in a query on `notifications n`: fresh counts, a fresh time to live, and a new job, which the relay
 * makes as the row is overdue.
 */
export const retried = sql`status = 'pending', reason = null, retries = 0, unknowns = 0, epoch = n.epoch + 1,
  due_at = now() - interval '1 minute', pending_since = now()`;

/**
 * Sends a notification again that failed or whose outcome is unknown: with fresh counts, a fresh time to live, and a
 * new job, which the relay makes at once. What was folded into it goes along.
 */
export async function retryNotification(db: Db, id: number): Promise<Decision> {
  return decide(db, id, ['failed', 'unknown'], retried);
}

/** As a retry, but only where the outcome is unknown: the user may get the message twice. */
export async function resendUnknown(db: Db, id: number): Promise<Decision> {
  return decide(db, id, ['unknown'], retried);
}

/** Settles an unknown outcome by an operator's word: the user has got the message. */
export async function resolveAsSent(db: Db, id: number): Promise<Decision> {
  return decide(db, id, ['unknown'], sql`status = 'sent', reason = 'resolved_by_operator', sent_at = now()`);
}

/** What a decision sets in a query on `notifications n`: its change, and nothing is left of the last claim. */
export const decided = (change: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`${change}, lease_until = null, claim_token = null, updated_at = now()`;

/**
 * Makes `change` of a notification that is in one of the states `from`, and wakes the relay. No worker holds a
 * notification in these states, so there is no claim to fence. Of two operators who decide at once the second is refused
 * with the status that the first has made.
 */
export async function decide(
  db: Db,
  id: number,
  from: NotificationStatus[],
  change: RawBuilder<unknown>,
): Promise<Decision> {
  const { rows } = await sql<{ status: NotificationStatus; changed: boolean }>`
    with held as (
      select id, status from notifications where id = ${id} for update
    ), changed as (
      update notifications n set ${decided(change)}
      from held where n.id = held.id and held.status = any(${from}::text[])
      returning n.id
    ), woken as (
      select pg_notify(${RELAY_CHANNEL}, 'decided') from changed
    )
    select held.status, c.id is not null as changed
    from held left join changed c on c.id = held.id left join woken on true`.execute(db);
  const row = rows[0];
  if (!row) return { kind: 'not_found' };
  return row.changed ? { kind: 'done' } : { kind: 'refused', status: row.status };
}
