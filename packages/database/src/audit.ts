import { sql } from 'kysely';
import type { PageRequest } from './page-request.ts';
import type { Db } from './schema.ts';

/** Who made a change: `admin:17`, `key:3`, `environment` or `telegram`, and the name they had then. */
export type Actor = { key: string; name: string };

/** By whom a change is made, and by which request. */
export type Author = { actor: Actor; requestId: string | null };

/** What users do in Telegram: they press Start or open the Mini App by a link, or their chat gets another id. */
export const BY_TELEGRAM: Author = { actor: { key: 'telegram', name: 'Telegram' }, requestId: null };

export type NewAuditEntry = Author & {
  /** What was done, e.g. `reply.create`. */
  action: string;
  /** To what, e.g. `ticket:12`. */
  subject: string;
  /** What else is worth knowing: ids, states, names of fields. No texts of people and no secrets. */
  detail?: Record<string, unknown> | undefined;
};

export type AuditEntry = {
  id: number;
  at: Date;
  actor: string;
  actorName: string;
  action: string;
  subject: string;
  requestId: string | null;
  detail: Record<string, unknown> | null;
};

/** Writes down a change. Given the change's own transaction, there is no change without its entry, and no entry without it. */
export async function recordAudit(db: Db, entry: NewAuditEntry): Promise<void> {
  await db
    .insertInto('audit_entries')
    .values({
      actor: entry.actor.key,
      actor_name: entry.actor.name,
      action: entry.action,
      subject: entry.subject,
      request_id: entry.requestId,
      detail: entry.detail ? sql`${JSON.stringify(entry.detail)}::jsonb` : null,
    })
    .execute();
}

export type AuditFilter = { actor?: string; subject?: string; since?: Date; until?: Date };

/** Entries from the newest to the oldest, those before `beforeId` if it is given; `until` itself is not included. */
export async function listAuditEntries(
  db: Db,
  { limit, beforeId, actor, subject, since, until }: AuditFilter & PageRequest,
): Promise<AuditEntry[]> {
  let query = db
    .selectFrom('audit_entries')
    .select(['id', 'at', 'actor', 'actor_name as actorName', 'action', 'subject'])
    .select(['request_id as requestId', 'detail'])
    .orderBy('id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (subject !== undefined) query = query.where('subject', '=', subject);
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  return query.execute();
}
