import type { StartedProcess } from '@replybell/testing';
import { describe, expect, type TestContext, test } from 'vitest';
import { conclude, hold, openScene, openTicket, type Scene, untilSettled } from '../src/index.ts';

describe.concurrent('one reply whose worker is killed', { timeout: 120_000 }, () => {
  test('worker killed before its claim', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const claims = await hold(scene, 'claim');
    await scene.admin.replyForSure(ticket.ticketId);
    await claims.reached();
    const recoveryMs = await killAndReplace(scene, worker, claims.undo);
    await conclude(scene, { row: 10, recoveryMs, duplicates: 0 });
  });

  test('worker killed after its claim, before the request', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const claims = await hold(scene, 'claim');
    await scene.admin.replyForSure(ticket.ticketId);
    await claims.reached();
    const recoveryMs = await killAndReplace(scene, worker, claims.release);
    await conclude(scene, { row: 10, recoveryMs, exposed: 1, duplicates: 0 });
  });

  test('worker killed after the request left', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    await scene.telegram.addFault({ kind: 'accepted-then-hang', times: 1 });
    await scene.admin.replyForSure(ticket.ticketId);
    await scene.telegram.waitForMessages(1);
    const recoveryMs = await killAndReplace(scene, worker);
    await conclude(scene, { row: 10, recoveryMs, duplicates: 1 });
  });

  test('worker killed after the answer, before the status', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const settles = await hold(scene, 'settle');
    await scene.admin.replyForSure(ticket.ticketId);
    await settles.reached();
    const recoveryMs = await killAndReplace(scene, worker, settles.undo);
    await conclude(scene, { row: 10, recoveryMs, exposed: 1, duplicates: 1 });
  });

  test('worker killed after the status was written', async (context) => {
    const { scene, worker, ticket } = await openWithWorker(context);
    const settles = await hold(scene, 'settle');
    await scene.admin.replyForSure(ticket.ticketId);
    await settles.reached();
    await worker.kill();
    await settles.release();
    const successor = await scene.startWorker({ LOG_LEVEL: 'debug' });
    await successor.waitForLog('Nothing to do for this job', { timeoutMs: 30_000 });
    await conclude(scene, { row: 10, duplicates: 0 });
    expect(await scene.telegram.ledger()).toHaveLength(1);
  });
});

async function openWithWorker(context: TestContext) {
  const scene = await openScene(context);
  const [worker, ticket] = await Promise.all([scene.startWorker(), openTicket(scene.db), scene.startApi()]);
  return { scene, worker, ticket };
}

/**
 * @param decide what becomes of the statement in which the worker was held.
 * @returns how long it took from the kill until all was delivered, in milliseconds.
 */
async function killAndReplace(
  scene: Scene,
  worker: StartedProcess,
  decide?: () => Promise<void>,
): Promise<number> {
  await worker.kill();
  const from = performance.now();
  await decide?.();
  await scene.startWorker();
  await untilSettled(scene);
  return performance.now() - from;
}
