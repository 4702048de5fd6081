import { findQueueOwner, type NotificationQueue, queueHealth } from '@replybell/queue';
import { type Finding, ok, problem, warning } from './finding.ts';

/**
 * Whether the queue answers, is this database's, somebody works on it, and it is not paused.
 *
 * @param databaseIdentity undefined: the server doesn't tell it.
 */
export async function checkQueue(
  queue: NotificationQueue,
  databaseIdentity: string | undefined,
): Promise<Finding[]> {
  const health = await queueHealth(queue, 5_000);
  if (!health.ok) return [problem(`Queue: ${health.problem}`, 'Run npm run migrate, and check REDIS_URL')];

  const counts = Object.entries(health.counts).filter(([, count]) => count > 0);
  const jobs = counts.map(([state, count]) => `${count} ${state}`).join(', ');
  const findings = [ok(`Queue: ${jobs || 'no jobs'}`), checkWorkers(health.workers)];
  const owner = await findQueueOwner(queue);
  if (owner !== undefined && databaseIdentity !== undefined && owner !== databaseIdentity)
    findings.push(
      warning(
        'The queue in Redis is another database’s: two installations there take each other’s jobs',
        'Give each a Redis database of its own in REDIS_URL; after restoring a backup, start a worker: it takes the queue over',
      ),
    );
  if (health.paused)
    findings.push(warning('The queue is paused: nothing is sent', 'Resume it in Bull Board'));
  return findings;
}

function checkWorkers(workers: number): Finding {
  if (workers > 0) return ok(`Workers connected: ${workers}`);
  return problem(
    'No worker is connected: nothing is sent',
    'Start one: npx pm2 start ecosystem.config.js, or npm run start:worker; its log says why if it ends',
  );
}
