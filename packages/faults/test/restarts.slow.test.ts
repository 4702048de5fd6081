import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProcess } from '@replybell/testing';
import { describe, expect, type TestContext, test } from 'vitest';
import { conclude, openScene, type Queue, type Scene, startLoad, until, untilSettled } from '../src/index.ts';

const queues: Queue[] = ['redis', 'postgres'];

test.for(queues)('workers restarted in turn under load, sends under way (%s)', async (queue, context) => {
  const scene = await openScene(context, { queue });
  await scene.telegram.setLatency({ latencyMs: 100, jitterMs: 200 });
  let [older, newer] = await Promise.all([scene.startWorker(), scene.startWorker(), scene.startApi()]);
  const load = await startLoad(scene, { perSecond: 40 });
  for (let turn = 0; turn < 4; turn += 1) {
    await load.answered(201, 60);
    expect(await older.stop()).toMatchObject({ code: 0 });
    [older, newer] = [newer, await scene.startWorker()];
  }
  await load.stop();
  const recoveryMs = await untilSettled(scene);
  expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
  await conclude(scene, { row: 13, recoveryMs, duplicates: 0 });
  expect(await newer.stop()).toMatchObject({ code: 0 });
});

describe('pm2', () => {
  test('pm2 reload under load', async (context) => {
    const scene = await openScene(context);
    await scene.telegram.setLatency({ latencyMs: 100, jitterMs: 200 });
    const pm2 = await startPm2(context, scene);
    await until('the API is ready', async () => (await scene.admin.call('GET', '/readyz')).status === 200);

    const load = await startLoad(scene, { perSecond: 40 });
    await load.answered(201, 60);
    const before = await runningIds(pm2);
    await pm2('reload', 'all');
    expect((await runningIds(pm2)).filter((id) => before.includes(id))).toEqual([]);
    await load.answered(201, 60);
    await load.stop();
    const recoveryMs = await untilSettled(scene);
    expect(load.answers.filter(({ status }) => status !== 201)).toEqual([]);
    await conclude(scene, { row: 13, recoveryMs, duplicates: 0 });
  });
});

/** Gives a command to pm2. @returns what it wrote. */
type Pm2 = (...command: string[]) => Promise<string>;

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Starts all that ecosystem.config.js names, under a pm2 of the test's own that ends with it.
 *
 * @returns a function that gives a command to it.
 */
async function startPm2(context: TestContext, scene: Scene): Promise<Pm2> {
  const home = await mkdtemp(join(tmpdir(), 'replybell-pm2-'));
  context.onTestFinished(() => rm(home, { recursive: true }));
  const env = { ...scene.env, PM2_HOME: home, ENV_FILE: devNull, LOG_FORMAT: 'json', WORKERS: '2' };
  const bin = join(root, 'node_modules/.bin/pm2');
  const command: Pm2 = async (...args) => {
    const { stdout } = await promisify(execFile)(bin, args, {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: home, ...env },
    });
    return stdout;
  };

  const daemon = await startProcess({
    name: 'pm2',
    command: bin,
    args: ['start', 'ecosystem.config.js', '--no-daemon'],
    env: { ...env, HOME: home },
  });
  context.onTestFinished(async () => {
    await command('kill');
    await daemon.exited;
  });
  return command;
}

async function runningIds(pm2: Pm2): Promise<number[]> {
  const list: { pid: number }[] = JSON.parse(await pm2('jlist'));
  expect(list.length).toBe(4);
  return list.map(({ pid }) => pid);
}
