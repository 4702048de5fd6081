import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  createSimulator,
  createSimulatorClient,
  type Simulator,
  type SimulatorClient,
} from '@replybell/simulator';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSender, renderNotification, type Sender } from '../src/index.ts';

const token = '123456:AAcanary_token_of_the_test';
const button = { webAppUrl: 'https://app.example.com', kind: 'web_app' } as const;
/** Without what Telegram itself takes out of texts: controls, direction overrides, some combining marks (tdlib, misc.cpp). */
const withoutWhatTelegramRemoves = (text: string) =>
  text.replaceAll(/\p{Cc}|[\u2028-\u202E]|\u0333|\u033F|\u030A/gu, '');

const message = (subject = 'Balance', telegramId = 777) =>
  renderNotification({ ticketId: 1, subject, locale: 'ru', telegramId }, button);

let simulator: Simulator;
let client: SimulatorClient;
let sender: Sender;

beforeAll(async () => {
  simulator = await createSimulator({ token });
  client = createSimulatorClient(simulator.url);
  sender = createSender({ token, apiRoot: simulator.url, timeoutMs: 500, connections: 5 });
});
beforeEach(() => client.reset());
afterAll(async () => {
  await sender.close();
  await simulator.close();
});

describe('send', () => {
  it('delivers the message and tells its id', async () => {
    const answer = await sender.send(message());
    const [delivered] = await client.ledger();
    expect(answer).toEqual({ kind: 'accepted', messageId: delivered?.messageId });
    expect(delivered?.replyMarkup).toEqual({ inline_keyboard: [[message().button]] });
  });

  it('asks for no preview of what a subject links to', async () => {
    let asked: unknown;
    const server = createServer(async (request, response) => {
      asked = await json(request);
      response.end('{"ok":true,"result":{"message_id":1}}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fresh = createSender({
      token,
      apiRoot: `http://127.0.0.1:${port}`,
      timeoutMs: 500,
      connections: 1,
    });
    await fresh.send(message('https://example.com'));
    expect(asked).toMatchObject({ link_preview_options: { is_disabled: true } });
    await fresh.close();
    server.close();
  });

  it('delivers any subject exactly as written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), async (text) => {
        const subject = withoutWhatTelegramRemoves(text);
        fc.pre(subject.trim() !== '');
        expect(await sender.send(message(subject))).toMatchObject({ kind: 'accepted' });
        const delivered = (await client.ledger()).at(-1);
        expect(delivered?.text).toContain(`Тема: ${subject}\n`);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps Telegram’s refusal: its code, its words, its parameters', async () => {
    await client.addFault({
      kind: 'answer',
      errorCode: 429,
      description: 'Too Many Requests: retry after 3',
      retryAfterSeconds: 3,
    });
    expect(await sender.send(message())).toEqual({
      kind: 'refused',
      errorCode: 429,
      description: 'Too Many Requests: retry after 3',
      retryAfterS: 3,
    });
  });

  it('knows a proxy’s page from an answer of Telegram', async () => {
    await client.addFault({ kind: 'html502' });
    expect(await sender.send(message())).toEqual({ kind: 'not_telegram', status: 502 });
  });

  it.each(['reset', 'hang', 'accepted-then-reset', 'accepted-then-truncated', 'accepted-then-hang'] as const)(
    'can not tell what became of a request that left (%s)',
    async (kind) => {
      await client.addFault({ kind });
      expect(await sender.send(message())).toMatchObject({ kind: 'no_answer' });
    },
  );

  it('is sure that nothing left when no connection could be made', async () => {
    const closed = createSender({ token, apiRoot: 'http://127.0.0.1:1', timeoutMs: 500, connections: 1 });
    expect(await closed.send(message())).toEqual({ kind: 'not_sent', detail: 'ECONNREFUSED' });
    const nowhere = createSender({ token, apiRoot: 'http://no.invalid', timeoutMs: 500, connections: 1 });
    expect(await nowhere.send(message())).toMatchObject({ kind: 'not_sent' });
    await Promise.all([closed.close(), nowhere.close()]);
  });

  it('is sure that nothing left while a request waits for a free connection', async () => {
    let received = 0;
    const server = createServer(async (request, response) => {
      received += 1;
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      if (body.includes('the last')) response.end('{"ok":true,"result":{"message_id":1}}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const apiRoot = `http://127.0.0.1:${port}`;
    const narrow = createSender({ token, apiRoot, timeoutMs: 300, connections: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => narrow.send(message())));
    // The first has left; when it is given up, the next may leave before it is given up too.
    const left = answers.filter((answer) => answer.kind === 'no_answer').length;
    expect(left === 1 || left === 2).toBe(true);
    expect(answers.filter((answer) => answer.kind === 'not_sent')).toHaveLength(20 - left);
    // It stands behind all of them: what they leave to the server comes before it.
    expect(await narrow.send(message('the last'))).toMatchObject({ kind: 'accepted' });
    expect(received).toBeLessThanOrEqual(left + 1);
    await narrow.close();
    server.close();
  });

  it('asks for the bot’s name again after it was not told', async () => {
    const fault = await client.addFault({ kind: 'revoked' });
    await expect(sender.botUsername()).rejects.toThrow('Unauthorized');
    await client.removeFault(fault.id);
    expect(await sender.botUsername()).toMatch(/bot$/i);
  });

  it('tells its least round trip when a hundred were measured', async () => {
    const fresh = createSender({ token, apiRoot: simulator.url, timeoutMs: 5_000, connections: 5 });
    await Promise.all(Array.from({ length: 99 }, () => fresh.probe()));
    expect(fresh.leastRoundTripMs()).toBe(0);
    await fresh.probe();
    expect(fresh.leastRoundTripMs()).toBeGreaterThan(0);
    await fresh.close();
  });

  it('never tells the token', async () => {
    const closed = createSender({ token, apiRoot: 'http://127.0.0.1:1', timeoutMs: 500, connections: 1 });
    expect(JSON.stringify(await closed.send(message()))).not.toContain('canary');
    await expect(closed.botUsername()).rejects.toSatisfy(
      (error: Error) => !`${error.stack}`.includes('canary'),
    );
    await closed.close();
  });
});
