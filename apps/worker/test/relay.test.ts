import { createLogger } from '@replybell/logger';
import { isOnRedis, takeOverQueue, toBulkJob } from '@replybell/queue';
import { anyBackend, describeEachBackend } from '@replybell/testing';
import { type KyselyPlugin, sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkerMetrics } from '../src/metrics.ts';
import { startRelay } from '../src/relay.ts';
import { type Harness, openHarness } from './harness.ts';

describeEachBackend('the relay', (backend) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness(backend);
  });
  afterEach(() => harness.close());

  it('wakes a job that was delayed by a wrong clock, for longer than its notification waits', async () => {
    const { db, queue, reply, statusOf } = harness;
    const late = await reply({ enqueue: false });
    await sql`
      update notifications set due_at = now() - interval '2 hours' where id = ${late.notificationId}`.execute(
      db,
    );
    const data = { notificationId: String(late.notificationId), ticketId: late.ticketId };
    await queue.add('notify', data, { jobId: `n-${late.notificationId}-1`, delay: 3_600_000 });
    const worker = await harness.startWorker();
    await expect.poll(() => statusOf(late), { timeout: 10_000 }).toBe('sent');
    await worker.stop();
  });

  it('finds what has no job also behind a backlog that waits for a slow chat', async () => {
    const { db, queue, reply, statusOf } = harness;
    const slow = await reply();
    await sql`
      insert into notifications (ticket_id, user_id, subject, due_at)
      select n, ${slow.userId}, 'Balance', now() - interval '10 minutes' from generate_series(1, 1200) n`.execute(
      db,
    );
    const worker = await harness.startWorker({ TELEGRAM_CHAT_INTERVAL_MS: '60000', FOLDING: 'off' });
    // Page by page, without a rest while it finds such.
    const { fields } = await worker.waitForLog('The relay made jobs');
    expect(fields).toMatchObject({ jobs: 1_200 });
    await expect.poll(() => queue.getJobCountByTypes('delayed'), { timeout: 30_000 }).toBeGreaterThan(1_190);

    const forgotten = await reply({ enqueue: false });
    await expect.poll(() => statusOf(forgotten), { timeout: 10_000 }).toBe('sent');
  });

  // A queue in Postgres goes with its database.
  if (backend.name === 'postgres') return;

  it('makes anew the jobs that somebody made unreadable, and keeps taking none of them', async () => {
    const { queue, reply, statusOf, telegram } = harness;
    const broken = { data: 'garbage', opts: '{', delay: 'soon', atm: 'many' };
    if (!isOnRedis(queue.backend)) throw new Error('This is for Redis');
    const redis = await queue.backend.client;
    const replies = [];
    for (const [field, value] of Object.entries(broken)) {
      const stored = await reply({ enqueue: false });
      const job = toBulkJob({ ...stored, epoch: 1 });
      await queue.addBulk([job]);
      await redis.hset(queue.toKey(job.opts.jobId), { [field]: value });
      replies.push(stored);
    }
    await harness.startWorker();
    for (const stored of replies) {
      await expect.poll(() => statusOf(stored), { timeout: 15_000 }).toBe('sent');
    }
    expect(await telegram.ledger()).toHaveLength(replies.length);
    await expect.poll(() => queue.getJobCountByTypes('active', 'wait'), { timeout: 10_000 }).toBe(0);
  });

  it('takes a queue over that was another database’s', async () => {
    const { queue, statusOf } = harness;
    const reply = await harness.reply({ enqueue: false });
    const { name, data, opts } = toBulkJob({ ...reply, epoch: 1 });
    await queue.add(name, data, { ...opts, delay: 3_600_000 });
    await takeOverQueue(queue, 'another database');

    const worker = await harness.startWorker();
    await worker.waitForLog("The queue in Redis was another database's");
    await expect.poll(() => statusOf(reply), { timeout: 10_000 }).toBe('sent');

    const second = await harness.startWorker();
    const later = await harness.reply({ enqueue: false });
    await expect.poll(() => statusOf(later), { timeout: 10_000 }).toBe('sent');
    expect(second.lines.filter(({ text }) => text.includes("another database's"))).toEqual([]);
  }, 40_000);
});

it('the relay makes a job at once for what was unparked, and does not wait for its next pass', async ({
  onTestFinished,
}) => {
  const { close, db, reply, startWorker, statusOf } = await openHarness(anyBackend);
  onTestFinished(close);
  const parked = await Promise.all(Array.from({ length: 4 }, () => reply({ telegramId: null })));
  const worker = await startWorker({ LOG_LEVEL: 'info' });
  for (const each of parked) await expect.poll(() => statusOf(each), { timeout: 10_000 }).toBe('parked');
  const madeAtMs: number[] = [];
  for (const { userId } of parked) {
    const since = worker.lines.length;
    await sql`update users set telegram_id = ${80_000 + userId} where id = ${userId}`.execute(db);
    const { fields } = await worker.waitForLog('The relay made jobs', { since });
    madeAtMs.push(Date.parse(String(fields?.['time'])));
  }
  // Between two passes of its timer lie 750 ms at least; no machine is so slow each time that it is woken.
  const apartMs = madeAtMs.slice(1).map((atMs, index) => atMs - (madeAtMs[index] ?? 0));
  expect(Math.min(...apartMs)).toBeLessThan(700);
});

it('the relay leaves leases alone that ran out during an outage, until the answers that workers kept are settled', async ({
  onTestFinished,
}) => {
  const { close, db, queue, reply, statusOf } = await openHarness(anyBackend);
  onTestFinished(close);
  const [sending, overdue] = [await reply({ enqueue: false }), await reply({ enqueue: false })];
  await sql`
    update notifications set status = 'sending', claim = 1, lease_until = now() - interval '1 minute'
    where id = ${sending.notificationId}`.execute(db);
  await sql`
    update notifications set due_at = now() - interval '1 minute' where id = ${overdue.notificationId}`.execute(
    db,
  );
  let statements = 0;
  let failedAtMs = 0;
  const failing: KyselyPlugin = {
    transformQuery({ node }) {
      statements += 1;
      if (statements === 1) {
        failedAtMs = performance.now();
        throw new Error('Postgres is away for a moment');
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const relay = startRelay({
    db: db.withPlugin(failing),
    queue,
    logger: createLogger({ name: 'worker', level: 'fatal', format: 'json', secrets: [] }),
    unknownOutcome: 'resend',
    metrics: createWorkerMetrics(),
  });
  onTestFinished(() => relay.stop());
  await expect.poll(() => queue.getJob(`n-${overdue.notificationId}-2`), { timeout: 10_000 }).toBeDefined();
  const status = await statusOf(sending);
  // On a machine that was slower their time is over.
  if (performance.now() < failedAtMs + 3_000) expect(status).toBe('sending');
});
