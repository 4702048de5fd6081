import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { classifyAnswer, createSender, type Sender } from '../src/index.ts';

/** A sender whose Bot API answers each request with this. */
async function senderTo(answer: string): Promise<Sender> {
  const server = createServer((_request, response) => void response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const apiRoot = `http://127.0.0.1:${port}`;
  const sender = createSender({ token: '123456:AA', apiRoot, timeoutMs: 2_000, connections: 1 });
  onTestFinished(async () => {
    await sender.close();
    server.close();
  });
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
