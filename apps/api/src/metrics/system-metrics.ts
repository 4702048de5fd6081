import { setTimeout as sleep } from 'node:timers/promises';
import { type Backlog, countBacklog, type Db, findPauses, type Pause } from '@replybell/database';
import { type NotificationQueue, queueHealth } from '@replybell/queue';
import { Gauge, Registry } from 'prom-client';

/** Counting a large backlog takes a while: several scrapers share what was counted so long ago at most. */
const FRESH_MS = 5_000;
const READ_TIMEOUT_MS = 3_000;
const pauseKinds: Pause['kind'][] = ['throttled', 'outage', 'token', 'operator'];

/** What the database and the queue say of the whole system, the same on every API process. */
export function createSystemMetrics({ db, queue }: { db: Db; queue: NotificationQueue }) {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `replybell_${name}`, help, labelNames, registers: [registry] });

  const up = gauge('up', 'Whether the database and the queue answer: 1 or 0', ['part']);
  const notifications = gauge('notifications', 'Notifications that are not final', ['status']);
  const oldestDue = gauge('oldest_due_seconds', 'How long the oldest notification that is due has waited');
  const paused = gauge('delivery_paused', 'Whether a pause of this kind is in force: 1 or 0', ['kind']);
  const jobs = gauge('queue_jobs', 'Jobs of the queue', ['state']);
  const queuePaused = gauge('queue_paused', 'Whether the queue was paused by hand: 1 or 0');
  const workers = gauge('queue_workers', 'Worker processes that are connected to the queue');

  function showDatabase(read: { backlog: Backlog; pauses: Pause[] } | undefined): void {
    up.set({ part: 'database' }, read ? 1 : 0);
    if (!read) {
      // What nobody knows is not shown, rather than as it was.
      for (const unknown of [notifications, paused]) unknown.reset();
      oldestDue.remove();
      return;
    }
    const { counts, oldestDueS } = read.backlog;
    for (const [status, count] of Object.entries(counts)) notifications.set({ status }, count);
    oldestDue.set(oldestDueS);
    for (const kind of pauseKinds)
      paused.set({ kind }, read.pauses.some((pause) => pause.kind === kind) ? 1 : 0);
  }

  async function showQueue(): Promise<void> {
    const health = await queueHealth(queue, READ_TIMEOUT_MS);
    up.set({ part: 'queue' }, health.ok ? 1 : 0);
    if (!health.ok) {
      jobs.reset();
      for (const unknown of [queuePaused, workers]) unknown.remove();
      return;
    }
    for (const [state, count] of Object.entries(health.counts)) jobs.set({ state }, count);
    queuePaused.set(health.paused ? 1 : 0);
    workers.set(health.workers);
  }

  async function readAnew(): Promise<void> {
    const tooLate = sleep(READ_TIMEOUT_MS, undefined, { ref: false });
    const reading = Promise.all([countBacklog(db), findPauses(db)])
      .then(([backlog, pauses]) => ({ backlog, pauses }))
      .catch(() => undefined);
    const [read] = await Promise.all([Promise.race([reading, tooLate]), showQueue()]);
    showDatabase(read);
  }

  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  return {
    /** In Prometheus' text format. */
    async render(): Promise<string> {
      if (performance.now() - readAtMs > FRESH_MS) {
        reading ??= readAnew().finally(() => {
          readAtMs = performance.now();
          reading = undefined;
        });
        await reading;
      }
      return registry.metrics();
    },
  };
}
