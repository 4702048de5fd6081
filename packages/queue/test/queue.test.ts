import { once } from 'node:events';
import { describeEachBackend, type QueueServices } from '@replybell/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createEnqueuer,
  jobId,
  lookUpJobs,
  type NotificationProcessor,
  type NotificationQueue,
  type NotificationWorker,
  openQueue,
  openWorker,
  queueHealth,
  toBulkJob,
  workerOptions,
} from '../src/index.ts';

const key = (notificationId: number, epoch = 1) => ({
  notificationId,
  ticketId: notificationId + 100,
  epoch,
});

describeEachBackend('the queue', (backend) => {
  let services: QueueServices;
  let queue: NotificationQueue;
  const workers: NotificationWorker[] = [];
  const target = () => ({ databaseUrl: services.env.DATABASE_URL, redisUrl: services.env.REDIS_URL });
  const failOnError = (error: unknown) => {
    throw error;
  };

  beforeEach(async () => {
    services = await backend.open();
    queue = openQueue(target(), { attempts: 8, onError: failOnError });
    await queue.waitUntilReady();
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    await queue.close();
    await services.close();
  });

  function work(processor: NotificationProcessor, options = {}): NotificationWorker {
    const worker = openWorker(target(), processor, { ...workerOptions, ...options }, failOnError);
    workers.push(worker);
    void worker.run();
    return worker;
  }

  it('brings a job with its ids and nothing else to a worker', async () => {
    await queue.addBulk([toBulkJob(key(1))]);
    const [job] = await new Promise<Parameters<NotificationProcessor>>((resolve) => {
      work(async (...args) => resolve(args));
    });
    expect(job.id).toBe('n-1-1');
    expect(job.data).toEqual({ notificationId: '1', ticketId: 101 });
    expect(job.opts.attempts).toBe(8);
  });

  it('ignores an id that it has, and takes the next epoch', async () => {
    await queue.addBulk([toBulkJob(key(1)), toBulkJob(key(1)), toBulkJob(key(1, 2))]);
    expect(await queue.getWaitingCount()).toBe(2);
  });

  it('retries with the delay that the backoff strategy takes from the error', async () => {
    const delays: number[] = [];
    const backoffStrategy = (attemptsMade: number) => {
      delays.push(attemptsMade);
      return delays.length < 3 ? 10 : -1;
    };
    const worker = work(() => Promise.reject(new Error('not yet')), { settings: { backoffStrategy } });
    const failedForGood = new Promise<void>((resolve) => {
      worker.on('failed', (job) => job?.finishedOn && resolve());
    });
    await queue.addBulk([toBulkJob(key(1))]);
    await failedForGood;
    expect(delays).toEqual([1, 2, 3]);
    expect(await queue.getFailedCount()).toBe(1);
  });

  it('tells which jobs are missing (never added, or ended), and which wait for their time', async () => {
    const worker = work(async (job) => {
      if (job.id === jobId(key(2)))
        throw Object.assign(new Error('for good'), { name: 'UnrecoverableError' });
    });
    const ended = Promise.all([once(worker, 'completed'), once(worker, 'failed')]);
    await queue.addBulk([toBulkJob(key(1)), toBulkJob(key(2))]);
    await ended;
    await worker.close();
    await queue.addBulk([toBulkJob(key(3))]);
    await queue.add('notify', { notificationId: '5', ticketId: 5 }, { jobId: jobId(key(5)), delay: 60_000 });
    const { missing, delayed } = await lookUpJobs(
      queue,
      [1, 2, 3, 4, 5].map((id) => key(id)),
    );
    expect(missing.map((each) => each.notificationId).sort()).toEqual([1, 2, 4]);
    expect(delayed).toMatchObject([{ key: { notificationId: 5 }, delayMs: 60_000 }]);
    await delayed[0]?.promote();
    expect(await lookUpJobs(queue, [key(5)])).toEqual({ missing: [], delayed: [] });
  });

  it('tells a job that has ended from more than a thousand that wait', async () => {
    const worker = work(async () => {});
    const ended = once(worker, 'completed');
    await queue.addBulk([toBulkJob(key(1))]);
    await ended;
    await worker.close();
    await queue.addBulk(Array.from({ length: 1_001 }, (_, index) => toBulkJob(key(index + 2))));
    expect(await lookUpJobs(queue, [key(1), key(2)])).toMatchObject({ missing: [key(1)] });
  });

  it('finds jobs wherever they stand: waiting, put first by hand, paused, delayed, active', async () => {
    const keys = [1, 2, 3].map((id) => key(id));
    const lookUp = async () => (await lookUpJobs(queue, keys)).missing.map((each) => each.notificationId);
    await queue.addBulk([toBulkJob(key(1)), toBulkJob(key(2))]);
    await queue.add('notify', { notificationId: '3', ticketId: 3 }, { jobId: jobId(key(3)), delay: 60_000 });
    expect(await lookUp()).toEqual([]);
    const first = await queue.getJob(jobId(key(2)));
    await first?.changePriority({ priority: 1 });
    expect(await lookUp()).toEqual([]);
    await first?.changePriority({ priority: 0 });
    await queue.pause();
    expect(await lookUp()).toEqual([]);
    await queue.resume();
    const { promise: finish, resolve } = Promise.withResolvers<void>();
    work(() => finish, { concurrency: 1 });
    await expect.poll(() => queue.getActiveCount()).toBe(1);
    expect(await lookUp()).toEqual([]);
    resolve();
    await expect.poll(lookUp).toEqual([1, 2]);
  });

  it('brings a job back however often its worker is lost', async () => {
    await queue.addBulk([toBulkJob(key(1))]);
    const quick = { lockDuration: 300, stalledInterval: 100 };
    for (let lost = 1; lost <= 3; lost += 1) {
      const { promise: taken, resolve } = Promise.withResolvers<void>();
      const worker = work(() => new Promise(() => resolve()), quick);
      await taken;
      await worker.close(true);
    }
    await once(
      work(async () => {}, quick),
      'completed',
    );
  });

  it('adds in the background what is handed to the enqueuer', async () => {
    const enqueuer = createEnqueuer(queue, { onFailed: failOnError });
    for (let id = 1; id <= 1_200; id += 1) enqueuer.enqueue(key(id));
    await enqueuer.close();
    expect(await queue.getWaitingCount()).toBe(1_200);
  });

  it('leaves to the relay what is more than ten thousand waiting adds', async () => {
    const enqueuer = createEnqueuer(queue, { onFailed: failOnError });
    for (let id = 1; id <= 10_100; id += 1) enqueuer.enqueue(key(id));
    await enqueuer.close();
    expect(await queue.getWaitingCount()).toBe(10_000);
  });

  it('tells that it is well, and that it is paused', async () => {
    const worker = work(async () => {});
    await worker.waitUntilReady();
    const health = await queueHealth(queue);
    expect(health).toMatchObject({ ok: true, paused: false });
    // Other test files have workers on the same Redis.
    expect(health.ok && health.workers).toBeGreaterThanOrEqual(1);
    await queue.pause();
    expect(await queueHealth(queue)).toMatchObject({ ok: true, paused: true });
  });

  if (backend.name === 'redis') return;

  it('does not watch what others read, whatever isolation the database is set to', async () => {
    const { DATABASE_URL } = services.env;
    const others = new pg.Client(DATABASE_URL);
    const later = openQueue(target(), { attempts: 8, onError: failOnError });
    try {
      await others.connect();
      const name = pg.escapeIdentifier(new URL(DATABASE_URL).pathname.slice(1));
      await others.query(`alter database ${name} set default_transaction_isolation = 'serializable'`);
      // As long as it lasts, Postgres keeps what serializable transactions beside it have read.
      await others.query('begin isolation level serializable; select 1');
      await later.addBulk([toBulkJob(key(1))]);
      expect(await later.getWaitingCount()).toBe(1);
      const { rows } = await others.query(`
        select relation::regclass from pg_locks join pg_database d on d.oid = database
        where mode = 'SIReadLock' and datname = current_database()`);
      expect(rows).toEqual([]);
    } finally {
      await later.close();
      await others.end();
    }
  });
});
