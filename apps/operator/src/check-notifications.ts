import { type Db, findPauses, type Pause } from '@replybell/database';
import { sql } from 'kysely';
import { type Finding, ok, warning } from './finding.ts';

/** A notification that has been due for so long should have been sent, unless there is a backlog. */
const OVERDUE_AFTER_S = 60;

const advice: Record<string, string> = {
  parked: 'They are sent when the user has a telegram_id, or can be reached again',
  failed: 'Read the reason, mend it, then POST /api/admin/notifications/:id/retry',
  unknown:
    'Telegram may have taken them: POST /api/admin/notifications/:id/resolve with the outcome sent or resend',
};

/** Whether deliveries are paused, what waits and since when, and what waits for a person. */
export async function checkNotifications(db: Db): Promise<Finding[]> {
  return [...(await checkPauses(db)), await checkOverdue(db), ...(await checkUnsent(db))];
}

async function checkPauses(db: Db): Promise<Finding[]> {
  const pauses = await findPauses(db);
  return pauses.map(({ kind, reason, detail, since }) =>
    warning(
      `Deliveries are paused since ${since.toISOString()}: ${reason}${detail ? ` (${detail})` : ''}`,
      adviceOn(kind),
    ),
  );
}

function adviceOn(kind: Pause['kind']): string {
  switch (kind) {
    case 'token':
      return 'Correct BOT_TOKEN, then restart API and workers';
    case 'operator':
      return 'They go on by POST /api/admin/delivery/resume, and not before';
    case 'outage':
    case 'throttled':
      return 'They go on by themselves';
    default:
      return kind satisfies never;
  }
}

async function checkOverdue(db: Db): Promise<Finding> {
  const { rows } = await sql<{ overdue: number; oldestS: number | null }>`
    select count(*) as overdue,
      extract(epoch from now() - min(due_at))::integer as "oldestS"
    from notifications where status = 'pending' and due_at <= now()`.execute(db);
  const { overdue, oldestS } = rows[0] ?? { overdue: 0, oldestS: null };
  if (oldestS === null || oldestS < OVERDUE_AFTER_S) return ok(`Notifications due now: ${overdue}`);
  return warning(
    `${overdue} notifications are overdue, the oldest for ${oldestS} s`,
    'A backlog goes by itself; otherwise read the log of the worker',
  );
}

async function checkUnsent(db: Db): Promise<Finding[]> {
  const { rows } = await sql<{ status: string; reason: string | null; count: number }>`
    select status, reason, count(*) as count from notifications
    where status in ('parked', 'failed', 'unknown')
    group by status, reason order by status, count(*) desc`.execute(db);
  if (rows.length === 0) return [ok('No notification is parked, failed or of unknown outcome')];
  return Object.entries(Object.groupBy(rows, (row) => row.status)).map(([status, group = []]) => {
    const total = group.reduce((sum, row) => sum + row.count, 0);
    const reasons = group.map((row) => `${row.reason} ${row.count}`).join(', ');
    return warning(`${total} ${status}: ${reasons}`, advice[status] ?? 'Look at them in the database');
  });
}
