import { findNotification } from '@replybell/database';
import { describeEachBackend, openTunnel, startEntry } from '@replybell/testing';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BOT_TOKEN, type Harness, openHarness } from './harness.ts';

describe('a worker that is not configured', () => {
  const start = (env: Record<string, string>) => startEntry('Worker', 'apps/worker/src/main.ts', env);
  const complete = {
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
    BOT_TOKEN,
    WEBAPP_URL: 'https://app.example.com',
  };

  it('says that BOT_TOKEN is missing and exits 78', async () => {
    const worker = await start({ ...complete, BOT_TOKEN: '' });
    expect(await worker.exited).toMatchObject({ code: 78 });
    const line = worker.lines.find((each) => each.fields?.['msg'] === 'BOT_TOKEN not configured');
    expect(line?.fields).toMatchObject({ stage: 'start' });
  });

  it('says that WEBAPP_URL is missing and exits 78', async () => {
    const worker = await start({ ...complete, WEBAPP_URL: '' });
    expect(await worker.exited).toMatchObject({ code: 78 });
    expect(worker.lines.map((line) => line.text).join('\n')).toContain('WEBAPP_URL is not set');
  });

  it('reports all problems and never the token', async () => {
    const worker = await start({ ...complete, WORKER_CONCURRENCY: 'many', LOG_LEVEL: 'loud' });
    expect(await worker.exited).toMatchObject({ code: 78 });
    const log = worker.lines.map((line) => line.text).join('\n');
    expect(log).toContain('WORKER_CONCURRENCY must be');
    expect(log).toContain('LOG_LEVEL must be');
    expect(log).not.toContain('canary');
  });
});

describeEachBackend('stopping a worker', (backend) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness(backend);
  });
  afterEach(() => harness.close());

  it('finishes the sends that have begun when it is told to stop', async () => {
    const worker = await harness.startWorker();
    await harness.telegram.setLatency({ latencyMs: 800 });
    const replies = await Promise.all(Array.from({ length: 10 }, () => harness.reply()));
    await worker.waitForLog('Attempting to send');
    expect(await worker.stop()).toMatchObject({ code: 0 });
    const found = await Promise.all(
      replies.map((reply) => findNotification(harness.db, reply.notificationId)),
    );
    const begun = found.filter((notification) => notification && notification.attempts > 0);
    expect(begun.length).toBeGreaterThan(0);
    expect(begun.map((notification) => notification?.status)).toEqual(begun.map(() => 'sent'));
    expect((await harness.telegram.stats()).accepted).toBe(begun.length);
  });

  it('exits within the drain time when a send hangs, and another worker delivers after the lease', async () => {
    const worker = await harness.startWorker({ DRAIN_TIMEOUT_MS: '500', TELEGRAM_TIMEOUT_MS: '1000' });
    await harness.telegram.addFault({ kind: 'hang', times: 1 });
    const reply = await harness.reply();
    await worker.waitForLog('Attempting to send');
    const { tookMs } = await worker.stop();
    expect(tookMs).toBeLessThan(3_000);
    await harness.startWorker();
    await harness.telegram.waitForMessages(1, { timeoutMs: 15_000 });
    expect((await findNotification(harness.db, reply.notificationId))?.timeline[0]?.outcome).toBe('unknown');
  });

  it('takes no more jobs, and ends in time, while Postgres is frozen', async () => {
    const tunnel = await openTunnel(String(harness.env['DATABASE_URL']));
    onTestFinished(tunnel.close);
    const worker = await harness.startWorker({ DATABASE_URL: tunnel.url, DRAIN_TIMEOUT_MS: '3000' });
    await harness.reply();
    await worker.waitForLog('Telegram notification sent');
    tunnel.fallSilent();
    const stopping = worker.stop();
    await worker.waitForLog('Worker stopping');
    await harness.reply();
    expect(await stopping).toMatchObject({ code: 0 });
    expect(await harness.queue.getActiveCount()).toBe(0);
  });

  it('loses nothing to SIGKILL: unclaimed jobs run again within seconds, claimed ones after their lease', async () => {
    const worker = await harness.startWorker({ TELEGRAM_TIMEOUT_MS: '1000', WORKER_CONCURRENCY: '2' });
    await harness.telegram.addFault({ kind: 'hang', times: 2 });
    const replies = await Promise.all(Array.from({ length: 12 }, () => harness.reply()));
    await worker.waitForLog('Attempting to send');
    await worker.kill();
    await harness.telegram.clearFaults();
    await harness.startWorker({ TELEGRAM_TIMEOUT_MS: '1000' });
    await harness.telegram.waitForMessages(10, { timeoutMs: 5_000 });
    await harness.telegram.waitForMessages(12, { timeoutMs: 15_000 });
    const found = await Promise.all(
      replies.map((reply) => findNotification(harness.db, reply.notificationId)),
    );
    const unknown = found
      .flatMap((each) => each?.timeline ?? [])
      .filter((attempt) => attempt.outcome === 'unknown');
    expect(unknown.length).toBeLessThanOrEqual(2);
    expect((await harness.telegram.stats()).accepted).toBe(12);
  });

  it('writes neither the token nor a text into its log or its jobs', async () => {
    const worker = await harness.startWorker({ LOG_LEVEL: 'trace' });
    for (const kind of ['html502', 'reset', 'accepted-then-truncated'] as const) {
      await harness.telegram.addFault({ kind, times: 1 });
    }
    await harness.reply();
    await worker.waitForLog('Telegram notification sent');
    await worker.stop();
    const jobs = await harness.queue.getJobs();
    expect(jobs.length).toBeGreaterThan(0);
    const everything = `${worker.lines.map((line) => line.text).join('\n')}${JSON.stringify(jobs)}`;
    expect(everything).not.toContain('canary');
  });
});
