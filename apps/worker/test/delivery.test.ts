import { findNotification } from '@replybell/database';
import { describeEachBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Harness, openHarness } from './harness.ts';

describeEachBackend('a worker', (backend) => {
  let harness: Harness;
  let worker: Awaited<ReturnType<Harness['startWorker']>>;

  beforeAll(async () => {
    harness = await openHarness(backend);
    worker = await harness.startWorker();
  });
  afterAll(() => harness.close());
  beforeEach(() => harness.telegram.reset());

  it('delivers a reply and logs each stage with its ids', async () => {
    const since = worker.lines.length;
    const { notificationId, ticketId, userId } = await harness.reply({
      telegramId: 1234567890,
      subject: 'I <3 "you" & me',
    });
    const [message] = await harness.telegram.waitForMessages(1);
    expect(message).toMatchObject({
      chatId: 1234567890,
      text: expect.stringContaining('Тема: I <3 "you" & me\n'),
    });
    await worker.waitForLog('Telegram notification sent', { since });

    const lines = worker.lines
      .slice(since)
      .flatMap((line) => (line.fields?.['notificationId'] ? [line.fields] : []));
    expect(lines.map((line) => [line['stage'], line['msg']])).toEqual([
      ['prepare', `Preparing to send Telegram notification for ticket ${ticketId}`],
      ['resolve', `User found: True, user_id: ${userId}`],
      ['resolve', 'User telegram_id: 1234567890'],
      ['send', `Attempting to send Telegram notification to user 1234567890 for ticket ${ticketId}`],
      ['sent', `Telegram notification sent to user 1234567890 for ticket ${ticketId}`],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        notificationId: String(notificationId),
        ticketId,
        jobId: `n-${notificationId}-1`,
        attempt: 1,
        requestId: 'request-7',
      });
    }
    expect(await findNotification(harness.db, notificationId)).toMatchObject({
      status: 'sent',
      telegramMessageId: message?.messageId,
      timeline: [{ outcome: 'sent' }],
    });
  });

  it('parks a reply to a user without telegram_id, and sends it after a hand-made UPDATE', async () => {
    const since = worker.lines.length;
    const reply = await harness.reply({ telegramId: null });
    const warning = await worker.waitForLog('User telegram_id: None', { since });
    expect(warning.fields).toMatchObject({ level: 'warn', action: expect.stringContaining('telegram_id') });
    expect(await harness.statusOf(reply)).toBe('parked');

    await sql`UPDATE users SET telegram_id = 123456789 WHERE id = ${reply.userId}`.execute(harness.db);
    expect(await harness.telegram.waitForMessages(1, { chatId: 123456789 })).toHaveLength(1);
  });

  it('retries an error of Telegram with backoff', async () => {
    const since = worker.lines.length;
    await harness.telegram.addFault({
      kind: 'answer',
      errorCode: 500,
      description: 'Internal Server Error',
      times: 1,
    });
    await harness.telegram.addFault({ kind: 'html502', times: 1 });
    const reply = await harness.reply();
    await sent(reply);
    const { timeline } = (await findNotification(harness.db, reply.notificationId)) ?? {};
    expect(timeline?.map((attempt) => attempt.outcome)).toEqual(['retry', 'retry', 'sent']);
    const failed = await worker.waitForLog('Failed to send Telegram notification: Internal Server Error', {
      since,
    });
    expect(failed.fields).toMatchObject({
      level: 'warn',
      stage: 'failed',
      outcome: 'retry',
      retryInMs: expect.any(Number),
    });
  });

  it('waits as long as a 429 asks for', async () => {
    await harness.telegram.addFault({
      kind: 'answer',
      errorCode: 429,
      description: 'Too Many Requests: retry after 2',
      retryAfterSeconds: 2,
      times: 1,
    });
    const reply = await harness.reply();
    await sent(reply);
    const { timeline = [] } = (await findNotification(harness.db, reply.notificationId)) ?? {};
    expect(timeline[0]?.outcome).toBe('throttled');
    expect(Number(timeline[1]?.startedAt) - Number(timeline[0]?.endedAt)).toBeGreaterThanOrEqual(1_990);
    expect((await harness.telegram.stats()).retryAfterViolations).toBe(0);
  });

  it('parks a reply whose user blocked the bot, with the reason', async () => {
    const since = worker.lines.length;
    await harness.telegram.changeChat(4_001, { blocked: true });
    const reply = await harness.reply({ telegramId: 4_001 });
    await worker.waitForLog('Failed to send Telegram notification: Forbidden: bot was blocked by the user', {
      since,
    });
    expect(await findNotification(harness.db, reply.notificationId)).toMatchObject({
      status: 'parked',
      reason: 'bot_blocked',
    });
  });

  it('fails a message that Telegram refuses at once, and leaves the job for an operator to retry', async () => {
    const since = worker.lines.length;
    const refusal = {
      kind: 'answer',
      errorCode: 400,
      description: 'Bad Request: BUTTON_TYPE_INVALID',
    } as const;
    await harness.telegram.addFault({ ...refusal, times: 1 });
    const reply = await harness.reply();
    const line = await worker.waitForLog(/Failed to send.*BUTTON_TYPE_INVALID/, { since });
    expect(line.fields).toMatchObject({ level: 'error', retryInMs: null });
    expect(await findNotification(harness.db, reply.notificationId)).toMatchObject({
      status: 'failed',
      reason: 'button_refused',
      timeline: [{ outcome: 'rejected', detail: 'Bad Request: BUTTON_TYPE_INVALID' }],
    });

    const job = await waitForFailedJob(reply.notificationId);
    expect(job.failedReason).toBe('button_refused');
    await job.retry();
    await harness.telegram.waitForMessages(1);
  });

  it('pauses while the token is refused, keeps the attempts, and resumes when it works again', async () => {
    const since = worker.lines.length;
    const fault = await harness.telegram.addFault({ kind: 'revoked' });
    const reply = await harness.reply();
    const line = await worker.waitForLog('Deliveries paused: Telegram refuses BOT_TOKEN', { since });
    expect(line.fields).toMatchObject({ level: 'error', kind: 'token', detail: 'Unauthorized' });
    await worker.waitForLog('Deliveries stay paused', { since });
    expect(await harness.statusOf(reply)).toBe('pending');

    await harness.telegram.removeFault(fault.id);
    await worker.waitForLog('Deliveries resumed', { since });
    await sent(reply);
    const { timeline } = (await findNotification(harness.db, reply.notificationId)) ?? {};
    expect(timeline?.map((attempt) => attempt.outcome)).toEqual(['unauthorized', 'sent']);
  });

  it('delivers what is committed without a job', async () => {
    await harness.reply({ enqueue: false });
    await harness.telegram.waitForMessages(1);
  });

  it('delivers what waits after the queue was emptied', async () => {
    await harness.queue.pause();
    await Promise.all(Array.from({ length: 20 }, () => harness.reply()));
    await harness.queue.obliterate({ force: true });
    await harness.queue.resume();
    await harness.telegram.waitForMessages(20, { timeoutMs: 15_000 });
    expect((await harness.telegram.stats()).accepted).toBe(20);
  });

  const sent = (reply: { notificationId: number }) =>
    worker.waitForLog(
      ({ fields }) =>
        fields?.['stage'] === 'sent' && fields['notificationId'] === String(reply.notificationId),
    );

  async function waitForFailedJob(notificationId: number) {
    const find = () => harness.queue.getJob(`n-${notificationId}-1`);
    await expect.poll(async () => (await find())?.finishedOn, { timeout: 10_000 }).toBeDefined();
    const job = await find();
    if (!job) throw new Error('The failed job is gone');
    return job;
  }
});
