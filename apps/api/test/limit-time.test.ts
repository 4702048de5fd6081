import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import type { App } from '../src/app.ts';
import { limitTime } from '../src/edges/limit-time.ts';

test.each([
  ['a body that does not arrive', 10, 408, 'request_too_slow', 'close'],
  ['a handler that does not answer', 2, 503, 'timed_out', 'keep-alive'],
])('%s in time is told as such', async (_what, contentLength, status, code, connection) => {
  const app: App = fastify().withTypeProvider<TypeBoxTypeProvider>();
  onTestFinished(() => app.close());
  limitTime(app, 200);
  app.post('/', () => new Promise(() => {}));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { 'content-type': 'application/json', 'content-length': contentLength };
  const sent = request(url, { method: 'POST', headers }).on('error', () => {});
  onTestFinished(() => void sent.destroy());
  sent.write('{}');
  const [answer] = await once(sent, 'response');
  expect(answer.statusCode).toBe(status);
  expect(answer.headers.connection).toBe(connection);
  expect(JSON.parse(await text(answer))).toMatchObject({ code });
});
