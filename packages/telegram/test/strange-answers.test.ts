import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { classifyAnswer, createSender, createUpdateSource, type Sender } from '../src/index.ts';

const token = '123456:AA';

/** The address of a Bot API that answers each request with this. */
async function apiThatAnswers(answer: string | Buffer, headers = {}, status = 200): Promise<string> {
  const server = createServer((_request, response) => void response.writeHead(status, headers).end(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${port}`;
}

async function senderTo(answer: string | Buffer, headers = {}, status = 200): Promise<Sender> {
  const apiRoot = await apiThatAnswers(answer, headers, status);
  const sender = createSender({ token, apiRoot, timeoutMs: 2_000, connections: 1 });
  onTestFinished(() => sender.close());
  return sender;
}

const message = { chatId: 777, text: 'Hello' };

it.each(['{"ok":true}', '{"ok":true,"result":null}', '{"ok":true,"result":true}', '{"ok":true,"result":{}}'])(
  'a message that Telegram took is sent, though it says no more of it: %s',
  async (answer) => {
    const sender = await senderTo(answer);
    expect(classifyAnswer(await sender.send(message))).toEqual({ outcome: 'sent', telegramMessageId: null });
  },
);

it.each([
  ['{"ok":false,"error_code":400}', 'Telegram answered 400 without a description'],
  ['{"ok":false,"error_code":400,"description":{"a":1}}', 'Telegram answered 400 without a description'],
  ['{"ok":false,"error_code":"x","description":""}', 'Telegram answered no without a description'],
  ['{"ok":false,"description":"Not now","parameters":null}', 'Not now'],
])('a refusal that says little is told in words: %s', async (answer, detail) => {
  const sender = await senderTo(answer);
  expect(classifyAnswer(await sender.send(message))).toMatchObject({ detail });
});

it.each(['{"ok":true}', '{"ok":true,"result":{"id":1}}'])(
  'a bot without a name is none: %s',
  async (answer) => {
    const sender = await senderTo(answer);
    await expect(sender.botUsername()).rejects.toThrow('HTTP 200 that is not from Telegram');
  },
);

it.each([
  '{"ok":true}',
  '{"ok":true,"result":{}}',
  '{"ok":true,"result":[null]}',
  '{"ok":true,"result":[{}]}',
])('updates that are none are not handed on: %s', async (answer) => {
  const source = createUpdateSource({ token, apiRoot: await apiThatAnswers(answer) });
  onTestFinished(() => source.close());
  expect(await source.next(0, { wait: false, signal: new AbortController().signal })).toEqual({
    kind: 'failed',
    answer: { kind: 'not_telegram', status: 200 },
  });
});

it.each([
  [777, 'rejected'],
  [-1001, 'retry'],
])('a chat that migrates to %i, while it is 777, is %s', async (newId, outcome) => {
  const refusal = {
    error_code: 400,
    description: 'Bad Request: group chat was upgraded to a supergroup chat',
  };
  const parameters = { migrate_to_chat_id: newId };
  const sender = await senderTo(JSON.stringify({ ok: false, ...refusal, parameters }));
  expect(classifyAnswer(await sender.send(message))).toMatchObject({ outcome });
});

const taken = Buffer.from('{"ok":true,"result":{"message_id":5}}');

it.each([
  ['gzip', gzipSync(taken)],
  ['X-GZIP', gzipSync(taken)],
  ['deflate', deflateSync(taken)],
  ['br', brotliCompressSync(taken)],
  ['identity', taken],
  ['something else', taken],
])('an answer that a proxy encoded as %s is read', async (encoding, body) => {
  const sender = await senderTo(body, { 'content-encoding': encoding });
  expect(await sender.send(message)).toEqual({ kind: 'accepted', messageId: 5 });
});

it.each([
  ['cut', gzipSync(taken).subarray(0, -12)],
  ['swollen', gzipSync(Buffer.concat([taken, Buffer.alloc(17 * 1024 * 1024, ' ')]))],
])('nobody can tell what an answer said whose encoding is %s', async (_what, body) => {
  const sender = await senderTo(body, { 'content-encoding': 'gzip' });
  expect(await sender.send(message)).toEqual({ kind: 'no_answer', detail: 'The answer broke off' });
});

it('an answer is read however much a proxy writes into its headers', async () => {
  const sender = await senderTo(taken, { 'x-proxy': 'a'.repeat(40 * 1024) });
  expect(await sender.send(message)).toEqual({ kind: 'accepted', messageId: 5 });
});

it.each([
  [{ 'retry-after': '30' }, 30_000],
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, 1_000],
  [{}, 1_000],
])(
  'a 429 of who stands before Telegram is one too, as long as it says: %j',
  async (headers, retryAfterMs) => {
    const sender = await senderTo('<h1>Too many requests</h1>', headers, 429);
    expect(classifyAnswer(await sender.send(message))).toMatchObject({ outcome: 'throttled', retryAfterMs });
  },
);

it.each([
  [429, {}, 'throttled', 'too_many_requests'],
  [429, { error_code: '429' }, 'throttled', 'too_many_requests'],
  [502, {}, 'retry', 'telegram_error'],
  [200, { error_code: 429 }, 'throttled', 'too_many_requests'],
])('a refusal without a number, of HTTP %i, is what its status says: %j', async (status, code, ...told) => {
  const sender = await senderTo(JSON.stringify({ ok: false, description: 'Not now', ...code }), {}, status);
  const [outcome, reason] = told;
  expect(classifyAnswer(await sender.send(message))).toMatchObject({ outcome, reason });
});

it.each([
  ['"4"', 4_000],
  ['2.5', 3_000],
  ['"soon"', 1_000],
])('a time to wait of %s is not taken for a shorter one', async (retryAfter, retryAfterMs) => {
  const answer = `{"ok":false,"error_code":429,"description":"","parameters":{"retry_after":${retryAfter}}}`;
  const sender = await senderTo(answer);
  expect(classifyAnswer(await sender.send(message))).toMatchObject({ outcome: 'throttled', retryAfterMs });
});

it('an answer that begins with a byte order mark is read', async () => {
  const sender = await senderTo('\uFEFF{"ok":true,"result":{"message_id":7}}');
  expect(await sender.send(message)).toEqual({ kind: 'accepted', messageId: 7 });
});

it('an answer that is longer than any of the Bot API is not waited for', async () => {
  const sender = await senderTo(Buffer.concat([taken, Buffer.alloc(17 * 1024 * 1024, ' ')]));
  expect(await sender.send(message)).toEqual({ kind: 'no_answer', detail: 'The answer is too long' });
});

it('what ended a request is told by its name, for its words may quote the address', async () => {
  const source = createUpdateSource({ token, apiRoot: await apiThatAnswers(taken) });
  onTestFinished(() => source.close());
  expect(await source.next(0, { wait: true, signal: AbortSignal.abort() })).toEqual({
    kind: 'failed',
    answer: { kind: 'not_sent', detail: 'AbortError' },
  });
});
