import { setTimeout as sleep } from 'node:timers/promises';
import { pauseUntilProbed } from '@replybell/database';
import { anyBackend } from '@replybell/testing';
import { expect, it } from 'vitest';
import { createGate, type Gate } from '../src/gate.ts';
import { hearPauses } from '../src/hear-pauses.ts';
import { openHarness } from './harness.ts';

it.for([
  ['token:mine', { paused: true, outage: false }],
  ['token:another', { paused: false, outage: false }],
  ['outage:', { paused: true, outage: true }],
  ['throttled:', { paused: true, outage: false }],
  ['operator:', { paused: true, outage: false }],
  [undefined, { paused: false, outage: false }],
  ['what nobody of us says', { paused: false, outage: false }],
] as const)('a worker that hears %j holds back, and expects an outage, as %j says', ([said, expected]) => {
  const gate = createGate();
  hearPauses(gate, 'mine')(said);
  expect({ paused: gate.isPaused(), outage: gate.wasOutageLately() }).toEqual(expected);
});

it('nobody passes a gate before the longest has passed that it was closed for, by a pause or without', async () => {
  const maySoonPass = (gate: Gate) =>
    gate.pass(AbortSignal.timeout(50)).then(
      () => true,
      () => false,
    );
  const [open, paused, closed] = [createGate(), createGate(), createGate()];
  open.close(1);
  paused.pause('operator', 60_000);
  paused.close(1);
  paused.pause('outage', 1);
  closed.close(60_000);
  closed.pause('operator', 1);
  expect(await Promise.all([open, paused, closed].map(maySoonPass))).toEqual([true, false, false]);
  expect([open, paused, closed].map((gate) => gate.isPaused())).toEqual([false, true, false]);
});

it("a worker goes on sending while others' tokens are refused, one after the other", async ({
  onTestFinished,
}) => {
  const harness = await openHarness(anyBackend);
  onTestFinished(() => harness.close());
  await harness.startWorker();
  await harness.reply();
  await harness.telegram.waitForMessages(1);

  const refusing = new AbortController();
  const refused = (async () => {
    for (let index = 0; !refusing.signal.aborted; index += 1) {
      const pause = { reason: 'bot_token_refused', detail: '', tokenFingerprint: `another-${index}` };
      await pauseUntilProbed(harness.db, { kind: 'token', ...pause });
      await sleep(100);
    }
  })();
  await harness.reply();
  await harness.reply();
  // Held by each of the pauses for a second, it would send none.
  await harness.telegram.waitForMessages(3).finally(() => refusing.abort());
  await refused;
});
