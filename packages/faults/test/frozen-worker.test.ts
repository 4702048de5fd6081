import { describe, expect, test } from 'vitest';
import { conclude, freezeTree, hold, openScene, openTicket, until, untilSettled } from '../src/index.ts';

describe.concurrent('a worker that is frozen past its lease', () => {
  test('worker frozen between claim and request, then thawed', async (context) => {
    const scene = await openScene(context);
    const [worker, ticket] = await Promise.all([scene.startWorker(), openTicket(scene.db), scene.startApi()]);
    const claims = await hold(scene, 'claim');
    await scene.admin.replyForSure(ticket.ticketId);
    await claims.reached();
    const thaw = freezeTree(context, worker.pid);
    const from = performance.now();
    await claims.release();
    const successor = await scene.startWorker();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    const [sent] = await scene.telegram.ledger();

    await successor.stop();
    thaw();
    // It gives the claim up, and goes on with other work.
    const next = await openTicket(scene.db);
    await scene.admin.replyForSure(next.ticketId);
    await scene.telegram.waitForMessages(1, { chatId: next.chatId, timeoutMs: 60_000 });
    await untilSettled(scene);
    const { body } = await scene.admin.call('GET', '/api/admin/notifications/1');
    expect(body).toMatchObject({ status: 'sent', telegramMessageId: sent?.messageId });
    await conclude(scene, { row: 12, recoveryMs, exposed: 1, duplicates: 0 });
  });

  test('worker frozen after the request left, then thawed', async (context) => {
    const scene = await openScene(context);
    const [worker, ticket] = await Promise.all([scene.startWorker(), openTicket(scene.db), scene.startApi()]);
    await scene.telegram.setLatency({ latencyMs: 500 });
    await scene.admin.replyForSure(ticket.ticketId);
    await until(
      'the request has left',
      async () => (await scene.telegram.stats()).requests['sendMessage'] === 1,
    );
    const thaw = freezeTree(context, worker.pid);
    const from = performance.now();
    await scene.telegram.setLatency({});
    await scene.startWorker();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    const last = (await scene.telegram.ledger()).at(-1);

    const since = worker.lines.length;
    thaw();
    await worker.waitForLog('Telegram notification', { since, timeoutMs: 60_000 });
    await untilSettled(scene);
    const { body } = await scene.admin.call('GET', '/api/admin/notifications/1');
    expect(body).toMatchObject({ status: 'sent', telegramMessageId: last?.messageId });
    await conclude(scene, { row: 12, recoveryMs, exposed: 1, duplicates: 1 });
  });

  test('worker frozen after the answer, before the status, then thawed', async (context) => {
    const scene = await openScene(context);
    const [worker, ticket] = await Promise.all([scene.startWorker(), openTicket(scene.db), scene.startApi()]);
    const settles = await hold(scene, 'settle');
    await scene.admin.replyForSure(ticket.ticketId);
    await settles.reached();
    const thaw = freezeTree(context, worker.pid);
    const from = performance.now();
    await settles.undo();
    await scene.startWorker();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    const last = (await scene.telegram.ledger()).at(-1);

    const since = worker.lines.length;
    thaw();
    await worker.waitForLog('Telegram notification sent', { since, timeoutMs: 60_000 });
    const { body } = await scene.admin.call('GET', '/api/admin/notifications/1');
    expect(body).toMatchObject({ status: 'sent', telegramMessageId: last?.messageId });
    await conclude(scene, { row: 12, recoveryMs, exposed: 1, duplicates: 1 });
  });
});
