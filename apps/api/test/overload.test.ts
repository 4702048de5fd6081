import { openDatabase } from '@replybell/database';
import { startApi, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { callServer } from './call-server.ts';
import { apiKey, bearer, openTestApp } from './test-app.ts';

const database = await useTestDatabase();

/** Runs `work` while nobody else can read or write tickets. */
async function whileTicketsAreLocked<Result>(work: () => Promise<Result>): Promise<Result> {
  const db = openDatabase({
    url: database.url,
    applicationName: 'replybell-test',
    statementTimeoutMs: 60_000,
  });
  onTestFinished(() => db.destroy());
  return db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE support_tickets IN ACCESS EXCLUSIVE MODE`.execute(trx);
    return work();
  });
}

test('what was answered 503 for its slowness is not carried out later', async () => {
  const api = await startApi({ DATABASE_URL: database.url, ADMIN_API_KEY: apiKey });
  onTestFinished(async () => void (await api.stop()));
  const call = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) =>
    callServer(api, method, `/api/admin${path}`, body);
  const user = await call('POST', '/users', { username: 'anna' });
  const newTicket = { userId: user.body.id, subject: 'Balance', message: 'It is wrong' };
  const { body: ticket } = await call('POST', '/tickets', newTicket);

  const refused = await whileTicketsAreLocked(() =>
    Promise.all([
      call('POST', `/tickets/${ticket.id}/replies`, { message: 'Done' }),
      call('PUT', `/tickets/${ticket.id}/status`, { status: 'closed' }),
      call('POST', '/tickets', { ...newTicket, subject: 'Another' }),
    ]),
  );
  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
  const { body: found } = await call('GET', `/tickets/${ticket.id}`);
  expect(found).toMatchObject({ status: ticket.status, messages: [{ author: 'user' }] });
  expect((await call('GET', '/tickets')).body.items).toHaveLength(1);
});

test('more requests than can be answered in time are refused at once; probes are not', async () => {
  const api = await openTestApp({ DATABASE_URL: database.url });
  onTestFinished(() => api.close());
  await whileTicketsAreLocked(async () => {
    const waiting = Array.from({ length: 1_000 }, () => api.call('GET', '/api/admin/tickets'));
    const refused = await api.call('GET', '/api/admin/tickets');
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    expect(refused.headers['retry-after']).toBe('2');
    expect((await api.call('GET', '/healthz')).status).toBe(200);
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(503);
  });
  expect((await api.call('GET', '/api/admin/tickets')).status).toBe(200);
});

test('clients that go away before their answer has ended leave their place to others', async () => {
  const api = await openTestApp({ DATABASE_URL: database.url });
  onTestFinished(() => api.close());
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const leaveStream = async () => {
    const leaving = new AbortController();
    const { status } = await fetch(`${url}/api/admin/events`, { headers: bearer, signal: leaving.signal });
    leaving.abort();
    return status;
  };
  for (let left = 0; left < 1_000; left += 50) {
    const statuses = await Promise.all(Array.from({ length: 50 }, leaveStream));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  await expect.poll(async () => (await api.call('GET', '/api/admin/tickets')).status).toBe(200);
});

test('while the event loop is blocked again and again, requests are refused and probes answered', async () => {
  const api = await openTestApp({ DATABASE_URL: database.url });
  onTestFinished(() => api.close());
  const block = setInterval(() => {
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs);
  }, 10);
  try {
    await expect
      .poll(async () => (await api.call('GET', '/api/admin/delivery')).body.code, {
        timeout: 30_000,
        interval: 10,
      })
      .toBe('overloaded');
    expect((await api.call('GET', '/healthz')).status).toBe(200);
  } finally {
    clearInterval(block);
  }
  await expect
    .poll(async () => (await api.call('GET', '/api/admin/delivery')).status, { timeout: 30_000 })
    .toBe(200);
});
