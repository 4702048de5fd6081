import { sql } from 'kysely';
import type { Db, NotificationStatus } from './schema.ts';

/** How much waits, and for whom. */
export type Backlog = {
  /** Notifications that are not final, by status. */
  counts: Record<
    Extract<NotificationStatus, 'pending' | 'sending' | 'parked' | 'failed' | 'unknown'>,
    number
  >;
  /** Since when the oldest of those that are due waits; null if none does. */
  oldestDueAt: Date | null;
  /** How long that is, in seconds by the database's clock; 0 if none waits. */
  oldestDueS: number;
};

/** Counts what is not final, each status on the index that it has. */
export async function countBacklog(db: Db): Promise<Backlog> {
  const { rows } = await sql<Backlog['counts'] & Omit<Backlog, 'counts'>>`
    select counted.*, coalesce(extract(epoch from now() - "oldestDueAt"), 0)::double precision as "oldestDueS"
    from (
      select
        (select count(*) from notifications where status = 'pending') as pending,
        (select count(*) from notifications where status = 'sending') as sending,
        (select count(*) from notifications where status = 'parked') as parked,
        (select count(*) from notifications where status = 'failed') as failed,
        (select count(*) from notifications where status = 'unknown') as unknown,
        (select min(due_at) from notifications where status = 'pending' and due_at <= now()) as "oldestDueAt"
    ) counted`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('A select without a table gives one row');
  const { oldestDueAt, oldestDueS, ...counts } = row;
  return { counts, oldestDueAt, oldestDueS };
}
