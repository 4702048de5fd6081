import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChatSummary } from '../src/index.ts';
import { startSimulator } from './running-simulator.ts';

async function readJson<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

describe('the control API', () => {
  it('waits for messages, of all chats or of one', async () => {
    const { api, client } = await startSimulator();
    const waiting = client.waitForMessages(2, { chatId: 42 });
    for (const chatId of [42, 43, 42]) await api.sendMessage(chatId, 'x');
    expect((await waiting).map(({ seq }) => seq)).toEqual([1, 3]);
    expect((await client.waitForMessages(1, { after: 2 })).map(({ seq }) => seq)).toEqual([3]);
    await expect(client.waitForMessages(4, { timeoutMs: 50 })).rejects.toThrow(
      'waited 50 ms for 4 messages, 3 came',
    );
  });

  it('gives a long ledger whole', async () => {
    const { simulator, client } = await startSimulator({ textsKept: 10 });
    const address = `${simulator.url}/bot${simulator.token}/sendMessage?chat_id=42&text=x`;
    for (let sent = 0; sent < 1100; sent += 50) {
      await Promise.all(Array.from({ length: 50 }, () => fetch(address).then((response) => response.text())));
    }
    const items = await client.waitForMessages(1100);
    expect(items.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 1100 }, (_, index) => index + 1),
    );
    expect(items.filter(({ text }) => text === 'x')).toHaveLength(10);
  });

  it('forgets everything on reset', async () => {
    const { api, client } = await startSimulator();
    await api.sendMessage(42, 'x');
    await client.changeChat(42, { blocked: true });
    await client.addFault({ kind: 'revoked' });
    await client.reset();
    expect(await client.ledger()).toEqual([]);
    expect(await api.getUpdates()).toEqual([]);
    await api.sendMessage(42, 'x');
    expect(await client.stats()).toMatchObject({ accepted: 1, requests: { getUpdates: 1, sendMessage: 1 } });
  });

  it.each([
    ['POST', 'faults', '{"kind":"nonsense"}', 'kind must be one of answer, html502'],
    ['POST', 'faults', '{"kind":"answer","errorCode":400}', 'description must be a string'],
    ['POST', 'faults', '{"kind":"reset","chat":1}', 'chat is not a field here'],
    ['POST', 'limits', '{"messagesPerSecond":0.5}', 'messagesPerSecond must be a whole number'],
    ['POST', 'chats/42', '{"blocked":"yes"}', 'blocked must be a boolean'],
    ['POST', 'chats/42/updates', '{"text":""}', 'text must not be empty'],
    ['POST', 'faults', '{', 'the body is not JSON'],
    ['GET', 'ledger?after=x', undefined, 'after must be a whole number'],
  ])('explains what is wrong with %s %s %s', async (method, path, body, error) => {
    const { simulator } = await startSimulator();
    const response = await fetch(`${simulator.url}/simulator/${path}`, { method, ...(body ? { body } : {}) });
    expect(response.status).toBe(400);
    expect((await readJson<{ error: string }>(response)).error).toContain(error);
  });

  it('opens Mini Apps with launch data that the bot can verify', async () => {
    const { simulator, client } = await startSimulator();
    await client.changeChat(42, { firstName: 'Мария' });
    const response = await fetch(`${simulator.url}/simulator/chats/42/mini-app`, {
      method: 'POST',
      body: JSON.stringify({ url: 'https://app.example.com/?startapp=support_ticket_1' }),
    });
    const url = new URL((await readJson<{ url: string }>(response)).url);
    expect(url.searchParams.get('startapp')).toBe('support_ticket_1');
    const initData = new URLSearchParams(new URLSearchParams(url.hash.slice(1)).get('tgWebAppData') ?? '');
    expect(JSON.parse(initData.get('user') ?? '')).toMatchObject({ id: 42, first_name: 'Мария' });
    const hash = initData.get('hash');
    initData.delete('hash');
    const lines = Array.from(initData, ([name, value]) => `${name}=${value}`).sort();
    const key = createHmac('sha256', 'WebAppData').update(simulator.token).digest();
    expect(createHmac('sha256', key).update(lines.join('\n')).digest('hex')).toBe(hash);
  });
});

describe('the page', () => {
  it('is served with its files and lets no foreign script in', async () => {
    const { simulator } = await startSimulator();
    const page = await fetch(simulator.url);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    const links = Array.from(html.matchAll(/(?:src|href)="(\/[\w.-]+)"/g), ([, path]) => path);
    expect(links).toContain('/page.js');
    for (const path of [...links, '/message.js', '/render-text.js']) {
      expect((await fetch(`${simulator.url}${path}`)).status).toBe(200);
    }
  });

  it('learns of what happens, and shows both sides of a conversation', async () => {
    const { simulator, api, client } = await startSimulator();
    const read = <T>(path: string) => readJson<T>(fetch(`${simulator.url}/simulator/${path}`));
    type Overview = { version: number; chats: ChatSummary[] };
    const { version } = await read<Overview>('chats');
    const waiting = read<Overview>(`chats?version=${version}&waitMs=5000`);
    await client.actAsUser(42, { text: '/start' });
    await api.sendMessage(42, '<b>hi</b>', { parse_mode: 'HTML' });
    expect((await waiting).version).toBeGreaterThan(version);
    expect((await read<Overview>('chats')).chats).toMatchObject([
      { id: 42, last: { text: 'hi', from: 'bot' } },
    ]);
    expect(await read('chats/42/messages')).toMatchObject([
      { from: 'user', text: '/start' },
      { from: 'bot', text: 'hi', entities: [{ type: 'bold' }] },
    ]);
  });
});
