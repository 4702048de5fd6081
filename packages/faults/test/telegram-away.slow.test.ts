import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, startSimulator } from '@replybell/testing';
import { expect, test } from 'vitest';
import { BOT_TOKEN, conclude, openScene, replyMany, until, untilSettled } from '../src/index.ts';

const PER_SECOND = 30;

// Of the half hour of an outage its beginning tells all: attempts that were used up by time would be used up here.
test('Telegram away, connections refused, then catching up', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'replybell-ledger-'));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  const simulator = {
    SIMULATOR_PORT: String(await findFreePort()),
    SIMULATOR_LEDGER: join(folder, 'ledger.jsonl'),
    SIMULATOR_MESSAGES_PER_SECOND: String(PER_SECOND),
  };
  const env = { NOTIFICATION_ATTEMPTS: '2', TELEGRAM_MESSAGES_PER_SECOND: String(PER_SECOND) };
  const scene = await openScene(context, { env, simulator });
  const workers = await Promise.all([scene.startWorker(), scene.startWorker()]);
  await scene.startApi();
  await replyMany(scene, 60);
  await scene.telegram.waitForMessages(30, { timeoutMs: 60_000 });
  await scene.simulator.kill();

  await replyMany(scene, 240);
  const probes = () =>
    workers.flatMap(({ lines }) => lines.filter(({ text }) => text.includes('stay paused')));
  await until('four probes have failed', async () => probes().length >= 4);

  const from = performance.now();
  const back = await startSimulator({ BOT_TOKEN, ...simulator });
  context.onTestFinished(async () => void (await back.kill()));
  await untilSettled(scene);
  expect((await scene.telegram.stats()).refused429).toBe(0);
  // What was under way when it went away may or may not have arrived.
  await conclude(scene, { row: 20, recoveryMs: performance.now() - from, exposed: PER_SECOND });
});
