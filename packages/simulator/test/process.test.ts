import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSimulatorClient, DEMO_BOT_TOKEN } from '../src/index.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

async function startProcess(environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [, url = ''] = /^Bot API simulator listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
  return { child, url, send: `${url}/bot${DEMO_BOT_TOKEN}/sendMessage?chat_id=42&text=` };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit');
  return code;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('main.ts', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends at once on %s, in spite of open connections',
    async (signal) => {
      const { child, url, send } = await startProcess();
      const agent = new Agent({ keepAlive: true });
      onTestFinished(() => agent.destroy());
      const [response] = await once(get(`${send}x`, { agent }), 'response');
      response.resume();
      await once(response, 'end');
      const waiting = createSimulatorClient(url).waitForMessages(5);
      const cut = expect(waiting).rejects.toThrow();
      const startedMs = performance.now();
      child.kill(signal);
      expect(await exitOf(child)).toBe(0);
      expect(performance.now() - startedMs).toBeLessThan(1000);
      await cut;
    },
  );

  it('has written each message down before it answers, so that a kill loses none', async () => {
    const ledgerPath = join(await temporaryFolder(), 'ledger.jsonl');
    const { child, send } = await startProcess({ SIMULATOR_LEDGER: ledgerPath });
    const answered: number[] = [];
    const senders = Array.from({ length: 8 }, async () => {
      for (;;) {
        const response = await fetch(`${send}x`);
        const { result } = (await response.json()) as { result: { message_id: number } };
        answered.push(result.message_id);
        if (answered.length === 100) child.kill('SIGKILL');
      }
    });
    await Promise.allSettled(senders);
    const lines = (await readFile(ledgerPath, 'utf8')).trimEnd().split('\n');
    const written = new Set(lines.map((line) => JSON.parse(line).messageId));
    expect(answered.length).toBeGreaterThanOrEqual(100);
    expect(answered.filter((messageId) => !written.has(messageId))).toEqual([]);

    const again = await startProcess({ SIMULATOR_LEDGER: ledgerPath });
    await fetch(`${again.send}y`);
    const items = await createSimulatorClient(again.url).ledger();
    expect(items.map(({ seq }) => seq)).toEqual(
      Array.from({ length: written.size + 1 }, (_, index) => index + 1),
    );
    expect(items.at(-1)).toMatchObject({ text: 'y', messageId: Math.max(...written) + 1 });
  });

  it('takes its options from the environment', async () => {
    const { url } = await startProcess({
      BOT_TOKEN: '77:abc',
      SIMULATOR_KNOWS_EVERY_USER: '0',
      SIMULATOR_MESSAGES_PER_SECOND: '30',
    });
    const response = await fetch(`${url}/bot77:abc/sendMessage?chat_id=42&text=x`);
    expect(await response.json()).toMatchObject({ description: 'Bad Request: chat not found' });
    expect(await (await fetch(`${url}/simulator/limits`)).json()).toEqual({
      messagesPerSecond: 30,
      chatIntervalMs: 0,
    });
  });

  it('refuses a wrong option by its name', async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { SIMULATOR_PORT: 'x' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    expect(await exitOf(child)).toBe(1);
    expect(errors.join('')).toContain('SIMULATOR_PORT must be a whole number');
  });
});
