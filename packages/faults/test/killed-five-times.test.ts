import { expect, test } from 'vitest';
import { conclude, hold, openScene, openTicket, type Scene, untilSettled } from '../src/index.ts';

test('workers of one job killed five times, twice with its claim', { timeout: 120_000 }, async (context) => {
  const scene = await openScene(context);
  await scene.startApi();
  const { ticketId } = await openTicket(scene.db);
  await scene.admin.replyForSure(ticketId);
  for (const claimed of [false, true, false, true, false]) await killAtClaim(scene, claimed);
  const from = performance.now();
  await scene.startWorker();
  await untilSettled(scene);
  await conclude(scene, { row: 11, recoveryMs: performance.now() - from, exposed: 2, duplicates: 0 });
  expect(await scene.telegram.ledger()).toHaveLength(1);
});

/** Kills a worker in the middle of its claim; afterwards the claim holds or has never been. */
async function killAtClaim(scene: Scene, claimed: boolean): Promise<void> {
  const claims = await hold(scene, 'claim');
  const worker = await scene.startWorker();
  await claims.reached();
  await worker.kill();
  await (claimed ? claims.release() : claims.undo());
}
