import { type Kysely, sql } from 'kysely';
import type { Database, NotificationStatus } from './schema.ts';

/** How much waits, and for whom. */
export type Backlog = {
  /** Notifications that are not final, by status. */
  counts: Record<
    Extract<NotificationStatus, 'pending' | 'sending' | 'parked' | 'failed' | 'unknown'>,
    number
  >;
  /** Since when the oldest of those that are due waits; null if none does. */
  oldestDueAt: Date | null;
};

const waitingStatuses = ['pending', 'sending', 'parked', 'failed', 'unknown'] as const;

/** Counts what is not final, on an index of just these rows. */
export async function countBacklog(db: Kysely<Database>): Promise<Backlog> {
  const { rows } = await sql<{
    status: (typeof waitingStatuses)[number];
    count: number;
    oldest: Date | null;
  }>`
    select status, count(*) as count,
      case when status = 'pending' then min(due_at) filter (where due_at <= now()) end as oldest
    from notifications where status in ('pending', 'sending', 'parked', 'failed', 'unknown')
    group by status`.execute(db);
  const counts = { pending: 0, sending: 0, parked: 0, failed: 0, unknown: 0 };
  for (const row of rows) counts[row.status] = row.count;
  return { counts, oldestDueAt: rows.find((row) => row.status === 'pending')?.oldest ?? null };
}
