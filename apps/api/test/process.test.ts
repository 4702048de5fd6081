import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '@replybell/database';
import {
  countWaiting,
  findFreePort,
  type StartedServer,
  startApi,
  startEntry,
  useTestDatabase,
} from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { callServer, openTicketAt } from './call-server.ts';
import { apiKey, bearer } from './test-app.ts';

const main = 'apps/api/src/main.ts';

const database = await useTestDatabase();
const env = { DATABASE_URL: database.url, ADMIN_API_KEY: apiKey };

const post = (api: StartedServer, path: string, body: object) => callServer(api, 'POST', path, body);

test('a wrong configuration ends it with 78 and names every problem, but no secret', async () => {
  const api = await startEntry('API', main, {
    DATABASE_URL: 'mysql://root:secret-password@db/app',
    API_PORT: '70000',
  });
  expect(await api.exited).toMatchObject({ code: 78 });
  const output = api.lines.map((line) => line.text).join('\n');
  for (const name of ['DATABASE_URL', 'API_PORT', 'ADMIN_API_KEY']) expect(output).toContain(name);
  expect(output).toContain('Correct that in .env');
  expect(output).not.toContain('secret-password');
});

test('it says at start what is configured, and works without a bot', async () => {
  const bot = { BOT_TOKEN: '123456:canary-token-canary-token', WEBAPP_URL: 'https://app.example/' };
  const [without, withBot] = await Promise.all([startApi(env), startApi({ ...env, ...bot })]);
  onTestFinished(async () => void (await Promise.all([without.stop(), withBot.stop()])));
  await without.waitForLog('BOT_TOKEN not configured');
  await withBot.waitForLog('BOT_TOKEN configured: True');
  await withBot.waitForLog('WEBAPP_URL: https://app.example"');
  const ready = await withBot.waitForLog('API listening on');
  expect(ready.fields).toMatchObject({ stage: 'start', address: withBot.url });
  expect(withBot.lines.filter((line) => /listening/i.test(line.text))).toEqual([ready]);
});

test('a port in use ends it with one line that says what to do', async () => {
  const port = await findFreePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const api = await startEntry('API', main, { ...env, API_PORT: String(port) });
  expect(await api.exited).toMatchObject({ code: 1 });
  expect(api.lines.at(-1)?.text).toContain(`127.0.0.1:${port} is in use by another program`);
});

test('without a database it starts, says what to do, and answers 503', async () => {
  const port = await findFreePort();
  const api = await startApi({ ...env, DATABASE_URL: `postgres://postgres@127.0.0.1:${port}/app` });
  onTestFinished(async () => void (await api.stop()));
  await api.waitForLog('start PostgreSQL or correct DATABASE_URL');
  expect((await fetch(`${api.url}/api/admin/tickets`, { headers: bearer })).status).toBe(503);
  await api.waitForLog('The database is not available: requests are answered 503');
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
});

test('pm2 is told when it listens', async () => {
  const child = fork(fileURLToPath(new URL('../src/main.ts', import.meta.url)), {
    env: { ...env, PATH: process.env['PATH'], ENV_FILE: devNull, API_PORT: '0' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(await once(child, 'message')).toContain('ready');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('neither keys nor texts are in the log, and each request is one line', async () => {
  const api = await startApi(env);
  const ticketId = await openTicketAt(api);
  const stored = await post(api, `/api/admin/tickets/${ticketId}/replies`, { message: 'canary text' });
  await fetch(`${api.url}/api/admin/tickets?q=canary`, { headers: { authorization: `Bearer ${apiKey}x` } });
  await post(api, `/api/admin/tickets/${ticketId}/replies`, { message: 'canary\0' });
  await api.stop();

  const output = api.lines.map((line) => line.text).join('\n');
  expect(output).not.toContain('canary');
  expect(output).not.toContain(apiKey);
  expect(output).not.toContain(new URL(database.url).password || 'no password');
  const requestId = stored.headers.get('x-request-id');
  const lines = api.lines.filter((line) => line.fields?.['requestId'] === requestId);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.fields).toMatchObject({
    method: 'POST',
    path: `/api/admin/tickets/${ticketId}/replies`,
    statusCode: 201,
    ms: expect.any(Number),
  });
});

test('what is no HTTP is in the log under the id that it was answered with', async () => {
  const api = await startApi(env);
  onTestFinished(async () => void (await api.stop()));
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1').setEncoding('utf8');
  socket.write('HELLO\r\n\r\n');
  const [answer] = await once(socket, 'data');
  const [head, body] = answer.split('\r\n\r\n');
  const { requestId } = JSON.parse(body);
  expect(head).toContain(`x-request-id: ${requestId}`);
  const line = await api.waitForLog(requestId);
  expect(line.fields).toMatchObject({ requestId, statusCode: 400, code: 'malformed_request' });
});

test('a request that waits too long for what another holds is told to come again', async () => {
  const api = await startApi(env);
  onTestFinished(async () => void (await api.stop()));
  const ticketId = await openTicketAt(api);
  const db = openDatabase({ url: database.url, applicationName: 'replybell-test' });
  onTestFinished(() => db.destroy());
  const close = () => callServer(api, 'PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'closed' });
  await db.transaction().execute(async (trx) => {
    await sql`select from support_tickets where id = ${ticketId} for update`.execute(trx);
    expect(await close()).toMatchObject({ status: 503, body: { code: 'busy' } });
  });
  expect((await close()).status).toBe(200);
});

test('stopping answers the running request, and says that the connection ends', async () => {
  const api = await startApi(env);
  const ticketId = await openTicketAt(api);
  const db = openDatabase({ url: database.url, applicationName: 'replybell-test' });
  onTestFinished(() => db.destroy());

  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
  const holdMessages = db.transaction().execute(async (trx) => {
    await sql`lock table support_messages in share mode`.execute(trx);
    lock();
    await released;
  });
  await locked;
  const running = post(api, `/api/admin/tickets/${ticketId}/replies`, { message: 'a' });
  await waitForBlockedStatement(db);

  const stopped = api.stop();
  await api.waitForLog('API stopping');
  release();
  await holdMessages;
  const response = await running;
  expect(response.status).toBe(201);
  expect(response.headers.get('connection')).toBe('close');
  expect(await stopped).toMatchObject({ code: 0 });
});

test('stopping under load on kept connections drops no request and takes no longer than it must', async () => {
  const api = await startApi(env);
  const ticketId = await openTicketAt(api);
  const url = `${api.url}/api/admin/tickets/${ticketId}/replies`;
  const request = {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"message":"a"}',
  };
  const statuses: number[] = [];
  const { promise: warm, resolve: reachedLoad } = Promise.withResolvers<void>();

  async function replyUntilRefused(): Promise<void> {
    for (;;) {
      const response = await fetch(url, request).catch(() => undefined);
      if (!response) return;
      await response.arrayBuffer();
      statuses.push(response.status);
      if (statuses.length === 100) reachedLoad();
    }
  }
  const clients = Array.from({ length: 10 }, replyUntilRefused);
  await warm;
  const { code, tookMs } = await api.stop();
  await Promise.all(clients);

  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5_000);
  expect(new Set(statuses)).toEqual(new Set([201]));
});

test('stopping waits for no connection on which nothing was ever asked', async () => {
  const api = await startApi(env);
  const { hostname, port } = new URL(api.url);
  const silent = connect({ host: hostname, port: Number(port) }).on('error', () => {});
  onTestFinished(() => void silent.destroy());
  await once(silent, 'connect');
  expect((await api.stop()).tookMs).toBeLessThan(5_000);
});

async function waitForBlockedStatement(db: ReturnType<typeof openDatabase>): Promise<void> {
  while ((await countWaiting(db)) === 0);
}

test('who signs in and which keys are made leaves no secret in the log', async () => {
  const api = await startApi({ ...env, LOG_LEVEL: 'trace' });
  const email = 'log@example.com';
  const password = 'a password that is searched for';
  await post(api, '/api/admin/admins', { email, name: 'Log', password, role: 'agent' });
  const key = await post(api, '/api/admin/api-keys', { name: 'Log', role: 'agent' });
  const { secret } = key.body;
  await fetch(`${api.url}/api/session`, { headers: { authorization: `Bearer ${secret}` } });
  await post(api, '/api/session', { email, password: `${password}, wrong` });
  const signedIn = await post(api, '/api/session', { email, password });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  expect((await fetch(`${api.url}/api/session`, { headers: { cookie } })).status).toBe(200);
  await api.stop();

  const log = api.lines.map((line) => line.text).join('\n');
  expect(log).toContain('/api/session');
  for (const hidden of [password, secret, apiKey, cookie, cookie.split('=')[1]?.split('.')[0] ?? '']) {
    expect(hidden).not.toBe('');
    expect(log).not.toContain(hidden);
  }
});
