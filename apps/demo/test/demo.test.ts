import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  findRedisProgram,
  type StartedProcess,
  startProcess,
  startRedisServer,
  startSimulator,
} from '@replybell/testing';
import { afterEach, describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const canRunRedis = (await findRedisProgram()) !== undefined;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startDemo(args: string[], env: Record<string, string> = {}): Promise<StartedProcess> {
  const demo = await startProcess({
    name: 'Demo',
    command: process.execPath,
    args: [entry, ...args],
    env: { ENV_FILE: devNull, ...env },
  });
  stops.push(() => demo.kill());
  return demo;
}

const outputOf = (demo: StartedProcess) => demo.lines.map((line) => line.text).join('\n');

/** The processes that a process has started; none where there is no /proc. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').map(Number) : [];
}

describe('npm run demo -- --once', { timeout: 60_000 }, () => {
  it('prints the message that the user got and how long it took', async () => {
    const demo = await startDemo(['--once']);
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    expect(outputOf(demo)).toMatch(
      /Администратор ответил на ваш тикет #1[\s\S]*Тема: Проблема с балансом[\s\S]*\[ 📱 Открыть тикет → https?:\S+\?startapp=support_ticket_1 \][\s\S]*acceptance by the Bot API: \d+ ms/,
    );
  });

  it('sends to the account of TELEGRAM_ID if it has a BOT_TOKEN, and exits 1 with the reason if that fails', async () => {
    const telegram = await startSimulator({ BOT_TOKEN: '42:a-token-of-this-test' });
    stops.push(() => telegram.stop());
    const env = {
      BOT_TOKEN: '42:a-token-of-this-test',
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_ID: '555',
      WEBAPP_URL: 'https://app.example.com',
    };

    const delivered = await startDemo(['--once'], env);
    expect((await delivered.exited).code).toBe(0);
    expect(await telegram.client.ledger()).toMatchObject([{ chatId: 555 }]);

    const description = 'Forbidden: bot was blocked by the user';
    await telegram.client.addFault({ kind: 'answer', errorCode: 403, description });
    const blocked = await startDemo(['--once'], env);
    expect((await blocked.exited).code).toBe(1);
    expect(outputOf(blocked)).toContain(description);
  });

  it.skipIf(!canRunRedis)('uses an empty Redis and leaves it empty, and refuses one with jobs', async () => {
    const redis = await startRedisServer();
    stops.push(() => redis.stop());
    for (const run of ['first', 'second']) {
      const demo = await startDemo(['--once'], { REDIS_URL: redis.url });
      expect((await demo.exited).code, `${run} run:\n${outputOf(demo)}`).toBe(0);
    }

    const { openQueue, toBulkJob } = await import('@replybell/queue');
    const queue = openQueue(
      { databaseUrl: 'postgres://unused', redisUrl: redis.url },
      { attempts: 1, onError: () => undefined },
    );
    stops.push(() => queue.close());
    await queue.waitUntilReady();
    await queue.addBulk([toBulkJob({ notificationId: 1, ticketId: 1, epoch: 1 })]);
    const refused = await startDemo(['--once'], { REDIS_URL: redis.url });
    expect((await refused.exited).code).toBe(1);
    expect(outputOf(refused)).toContain('already holds 1 job');
  });

  it('says what is missing', async () => {
    const demo = await startDemo(['--once'], { BOT_TOKEN: '42:a-token-of-this-test' });
    expect((await demo.exited).code).toBe(78);
    expect(outputOf(demo)).toMatch(/WEBAPP_URL is not set[\s\S]*TELEGRAM_ID is not set/);
  });
});

describe('npm run demo', { timeout: 60_000 }, () => {
  it('prints commands that work, shows the delivery and leaves nothing behind after SIGTERM', async () => {
    const demo = await startDemo([]);
    const logs = /Logs\s+(\S+)/.exec((await demo.waitForLog(/Logs {2}/, { timeoutMs: 40_000 })).text)?.[1];
    await demo.waitForLog('Notification for ticket 3 is parked');
    await demo.waitForLog('sent to user 700000001 for ticket 1');
    const [command = ''] = /curl -X POST [\s\S]*?\}'/.exec(outputOf(demo)) ?? [];
    const since = demo.lines.length;
    const curl = await startProcess({ name: 'curl', command: '/bin/sh', args: ['-c', command] });
    expect((await curl.exited).code).toBe(0);
    await demo.waitForLog('sent to user 700000001 for ticket 1', { since });

    const [link = ''] = /curl -X PATCH [\s\S]*?\}'/.exec(outputOf(demo)) ?? [];
    const linked = await startProcess({ name: 'curl', command: '/bin/sh', args: ['-c', link] });
    expect((await linked.exited).code).toBe(0);
    await demo.waitForLog('sent to user 700000003 for ticket 3', { since });

    const children = childrenOf(demo.pid);
    expect(await demo.stop('SIGTERM', 5_000)).toMatchObject({ code: 0 });
    expect(existsSync(logs ?? '')).toBe(false);
    for (const pid of children) expect(() => process.kill(pid, 0), `process ${pid}`).toThrow('ESRCH');
  });

  it('stops in good order when it is interrupted while it starts', async () => {
    const demo = await startDemo([]);
    await demo.waitForLog('Replybell demo');
    expect(await demo.stop('SIGINT', 10_000)).toMatchObject({ code: 0 });
    expect(outputOf(demo)).toMatch(/Stopping …\nStopped\s*$/);
  });

  it.skipIf(!existsSync('/proc'))('ends with the reason when the worker dies', async () => {
    const demo = await startDemo(['--verbose']);
    const { text } = await demo.waitForLog(/Worker +.*Worker ready/, { timeoutMs: 40_000 });
    expect(text).toContain('info');
    await demo.waitForLog('What the worker does appears here');
    const worker = childrenOf(demo.pid).find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('apps/worker/src/main.ts'),
    );
    process.kill(worker ?? Number.NaN, 'SIGKILL');
    expect((await demo.exited).code).toBe(1);
    expect(outputOf(demo)).toContain('Worker ended unexpectedly (SIGKILL)');
  });

  it('takes other ports where its own are in use', async () => {
    const servers = [3000, 3001].map((port) => createServer().listen(port, '127.0.0.1'));
    // Somebody else may have them: that is as good.
    for (const server of servers) server.on('error', () => undefined);
    stops.push(async () => servers.map((server) => server.close()));
    const demo = await startDemo(['--once']);
    expect((await demo.exited).code).toBe(0);
  });

  it('names an option that it does not know', async () => {
    const demo = await startDemo(['--twice']);
    expect((await demo.exited).code).toBe(64);
    expect(outputOf(demo)).toContain("Unknown option '--twice'");
  });
});
