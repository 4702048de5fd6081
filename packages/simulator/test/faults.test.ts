import { GrammyError, HttpError } from 'grammy';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../src/index.ts';
import { startSimulator } from './running-simulator.ts';

/** Puts a fault in force, sends one message, and tells what came of it. */
async function sendUnder(fault: Fault) {
  const { api, client } = await startSimulator();
  await client.addFault(fault);
  const error = await api.sendMessage(42, 'x').then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ledger: await client.ledger(), api, client };
}

describe('faults', () => {
  it('answers with any error and its parameters', async () => {
    const description = 'Forbidden: bot was blocked by the user';
    const { error, ledger } = await sendUnder({ kind: 'answer', errorCode: 403, description });
    expect(error).toMatchObject({ constructor: GrammyError, error_code: 403, description });
    expect(ledger).toEqual([]);
  });

  it('answers 400 with the id of the supergroup, which exists from then on', async () => {
    const { error, api } = await sendUnder({ kind: 'migrate', migrateToChatId: -100_77, times: 1 });
    expect(error).toMatchObject({ error_code: 400, parameters: { migrate_to_chat_id: -10077 } });
    expect(await api.sendMessage(-100_77, 'x')).toMatchObject({ chat: { id: -10077, type: 'supergroup' } });
  });

  it.each(['html502', 'reset', 'hang'] as const)('accepts nothing under %s', async (kind) => {
    const { error, ledger } = await sendUnder({ kind });
    expect(error).toBeInstanceOf(HttpError);
    expect(ledger).toEqual([]);
  });

  it.each(['accepted-then-reset', 'accepted-then-truncated', 'accepted-then-hang'] as const)(
    'has accepted the message under %s',
    async (kind) => {
      const { error, ledger } = await sendUnder({ kind });
      expect(error).toBeInstanceOf(HttpError);
      expect(ledger).toMatchObject([{ chatId: 42, text: 'x', fault: kind }]);
    },
  );

  it('sends an HTML page with status 502, as a gateway does', async () => {
    const { simulator, client } = await startSimulator();
    await client.addFault({ kind: 'html502', method: 'getMe' });
    const response = await fetch(`${simulator.url}/bot${simulator.token}/getMe`);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('<h1>502 Bad Gateway</h1>');
  });

  it('delays the arrival, and accepts although the sender has hung up', async () => {
    const { simulator, client } = await startSimulator();
    await client.addFault({ kind: 'delay', delayMs: 150 });
    const startedMs = performance.now();
    const address = `${simulator.url}/bot${simulator.token}/sendMessage?chat_id=42&text=x`;
    await expect(fetch(address, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    const items = await client.waitForMessages(1);
    expect(items).toMatchObject([{ fault: 'delay' }]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(149);
  });

  it('revokes the token for every method until the fault is removed', async () => {
    const { api, client } = await startSimulator();
    const { id } = await client.addFault({ kind: 'revoked' });
    await expect(api.getMe()).rejects.toMatchObject({ error_code: 401, description: 'Unauthorized' });
    await expect(api.sendMessage(42, 'x')).rejects.toMatchObject({ error_code: 401 });
    await client.removeFault(id);
    expect(await api.getMe()).toMatchObject({ is_bot: true });
  });

  it('hits only the chat and as often as it was told to', async () => {
    const { api, client } = await startSimulator();
    await client.addFault({ kind: 'answer', errorCode: 500, description: 'Internal', chatId: 42, times: 2 });
    await api.sendMessage(41, 'x');
    await expect(api.sendMessage(42, 'x')).rejects.toThrow('Internal');
    expect(await client.faults()).toMatchObject([{ chatId: 42, hits: 1 }]);
    await expect(api.sendMessage(42, 'x')).rejects.toThrow('Internal');
    await api.sendMessage(42, 'x');
    expect(await client.faults()).toEqual([]);
    expect(await client.stats()).toMatchObject({ accepted: 2, faultHits: { answer: 2 } });
  });

  it('hits the same requests by chance when the seed is the same', async () => {
    async function refusedOf40(seed: number): Promise<number[]> {
      const { api, client } = await startSimulator({ seed });
      await client.addFault({ kind: 'answer', errorCode: 500, description: 'x', probability: 0.5 });
      const refused: number[] = [];
      for (let index = 0; index < 40; index++) {
        await api.sendMessage(42, 'x').catch(() => refused.push(index));
      }
      return refused;
    }
    const first = await refusedOf40(7);
    expect(first.length).toBeGreaterThan(5);
    expect(first.length).toBeLessThan(35);
    expect(await refusedOf40(7)).toEqual(first);
    expect(await refusedOf40(8)).not.toEqual(first);
  });
});

describe('429', () => {
  it('refuses every chat while a retry_after of the bot runs, and counts who comes too early', async () => {
    const { api, client } = await startSimulator();
    const description = 'Too Many Requests: retry after 5';
    await client.addFault({ kind: 'answer', errorCode: 429, description, retryAfterSeconds: 5, times: 1 });
    await expect(api.sendMessage(42, 'x')).rejects.toMatchObject({ parameters: { retry_after: 5 } });
    await new Promise((resolve) => setTimeout(resolve, 120)); // the time that a sender has to tell its processes
    await expect(api.sendMessage(43, 'x')).rejects.toMatchObject({ error_code: 429, description });
    expect(await client.stats()).toMatchObject({ accepted: 0, refused429: 1, retryAfterViolations: 1 });
  });

  it('refuses only the chat when the retry_after is a chat’s', async () => {
    const { api, client } = await startSimulator();
    const refusal = {
      errorCode: 429,
      description: 'x',
      retryAfterSeconds: 9,
      scope: 'chat',
      times: 1,
    } as const;
    await client.addFault({ kind: 'answer', ...refusal });
    await expect(api.sendMessage(42, 'x')).rejects.toMatchObject({ error_code: 429 });
    await expect(api.sendMessage(42, 'x')).rejects.toMatchObject({ error_code: 429 });
    await api.sendMessage(43, 'x');
  });

  it('enforces the rates that it was given', async () => {
    const { api, client } = await startSimulator({ limits: { messagesPerSecond: 3 } });
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map((chatId) => api.sendMessage(chatId, 'x')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await client.stats()).toMatchObject({ accepted: 3, refused429: 2 });
    await client.setLimits({ messagesPerSecond: 0, chatIntervalMs: 60_000 });
    await api.sendMessage(1, 'x');
    await expect(api.sendMessage(1, 'x')).rejects.toMatchObject({ parameters: { retry_after: 60 } });
  });

  it('lets requests arrive late before it counts them', async () => {
    const { api, client } = await startSimulator();
    await client.setLatency({ latencyMs: 60 });
    const startedMs = performance.timeOrigin + performance.now();
    await api.sendMessage(42, 'x');
    const [item] = await client.ledger();
    expect((item?.atMs ?? 0) - startedMs).toBeGreaterThanOrEqual(59);
  });
});
