import { describe, expect, test } from 'vitest';
import { conclude, hold, openScene, openTicket, untilSettled } from '../src/index.ts';

/** Sends one reply, kills the worker where `meet` says, and starts another. */
describe.concurrent('one reply whose worker is killed', { timeout: 120_000 }, () => {
  test('worker killed before its claim', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const claims = await hold(scene, 'claim');
    await scene.admin.reply(ticket.ticketId);
    await claims.reached();
    await worker.kill();
    await claims.undo();
    await scene.startWorker();
    await conclude(scene, { row: 10, recoveryMs: await untilSettled(scene), duplicates: 0 });
  });

  test('worker killed after its claim, before the request', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const claims = await hold(scene, 'claim');
    await scene.admin.reply(ticket.ticketId);
    await claims.reached();
    await worker.kill();
    await claims.release();
    await scene.startWorker();
    await conclude(scene, { row: 10, recoveryMs: await untilSettled(scene), exposed: 1, duplicates: 0 });
  });

  test('worker killed after the request left', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    await scene.telegram.addFault({ kind: 'accepted-then-hang', times: 1 });
    await scene.admin.reply(ticket.ticketId);
    await scene.telegram.waitForMessages(1);
    await worker.kill();
    await scene.startWorker();
    await conclude(scene, { row: 10, recoveryMs: await untilSettled(scene), duplicates: 1 });
  });

  test('worker killed after the answer, before the status', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const settles = await hold(scene, 'settle');
    await scene.admin.reply(ticket.ticketId);
    await settles.reached();
    await worker.kill();
    await settles.undo();
    await scene.startWorker();
    await conclude(scene, { row: 10, recoveryMs: await untilSettled(scene), exposed: 1, duplicates: 1 });
  });

  test('worker killed after the status was written', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const settles = await hold(scene, 'settle');
    await scene.admin.reply(ticket.ticketId);
    await settles.reached();
    await worker.kill();
    await settles.release();
    const successor = await scene.startWorker({ LOG_LEVEL: 'debug' });
    await successor.waitForLog('Nothing to do for this job', { timeoutMs: 30_000 });
    await conclude(scene, { row: 10, recoveryMs: await untilSettled(scene), duplicates: 0 });
    expect(await scene.telegram.ledger()).toHaveLength(1);
  });
});

async function openWithWorker(context: Parameters<typeof openScene>[0]) {
  const scene = await openScene(context);
  const [worker, ticket] = await Promise.all([scene.startWorker(), openTicket(scene.db), scene.startApi()]);
  return { scene, worker, ticket };
}
