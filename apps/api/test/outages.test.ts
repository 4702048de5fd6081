import { migrateToLatest } from '@replybell/database';
import {
  createTestDatabase,
  findRedisProgram,
  startEmbeddedPostgres,
  startRedisServer,
} from '@replybell/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openTestApp } from './test-app.ts';

const patient = { timeout: 10_000, interval: 50 };

test('while Postgres is away requests are answered 503, and 201 again by itself', async () => {
  const postgres = await startEmbeddedPostgres({ durable: false });
  onTestFinished(() => postgres.stop());
  await migrateToLatest(postgres.url);
  const api = await openTestApp({ DATABASE_URL: postgres.url });
  onTestFinished(() => api.close());
  const { ticketId } = await api.openTicket();
  const reply = () => api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'a' });

  const email = 'anna@example.com';
  const password = 'a long enough password';
  await api.call('POST', '/api/admin/admins', { email, name: 'Anna', password, role: 'agent' });
  const signedIn = await api.call('POST', '/api/session', { email, password });
  // No key but the cookie, and a key that only the database could tell.
  const withCookie = {
    authorization: '',
    cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '',
  };
  const withKey = { authorization: `Bearer rb_${'A'.repeat(43)}` };

  await postgres.kill();
  const calls = [
    reply(),
    reply(),
    api.call('GET', '/api/admin/tickets'),
    api.call('GET', '/api/session', undefined, withCookie),
    api.call('GET', '/api/session', undefined, withKey),
    api.call('DELETE', '/api/session', undefined, withCookie),
    api.call('POST', '/api/session', { email, password }),
  ];
  for (const refused of await Promise.all(calls)) {
    expect(refused).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(refused.headers['retry-after']).toBe('2');
    expect(JSON.stringify(refused.body)).not.toMatch(/127\.0\.0\.1|ECONN|select|insert/i);
  }
  expect(await api.call('GET', '/readyz')).toMatchObject({
    status: 503,
    body: { status: 'unavailable', checks: { database: 'unavailable', migrations: 'unknown' } },
  });
  expect((await api.call('GET', '/healthz')).status).toBe(200);

  await postgres.restart();
  await vi.waitFor(async () => expect((await reply()).status).toBe(201), patient);
  expect((await api.call('GET', '/api/session', undefined, withCookie)).status).toBe(200);
  expect(await api.call('GET', '/readyz')).toMatchObject({
    status: 200,
    body: { checks: { database: 'ok' } },
  });
});

test('a database without its tables is 503 until it is migrated', async () => {
  const postgres = await startEmbeddedPostgres({ durable: false });
  onTestFinished(() => postgres.stop());
  const api = await openTestApp({ DATABASE_URL: postgres.url });
  onTestFinished(() => api.close());

  expect(await api.call('GET', '/readyz')).toMatchObject({
    status: 503,
    body: { checks: { database: 'ok', migrations: 'pending' } },
  });
  expect((await api.call('GET', '/api/admin/tickets')).body.code).toBe('database_unavailable');
  await migrateToLatest(postgres.url);
  expect((await api.call('GET', '/api/admin/tickets')).status).toBe(200);
  expect((await api.call('GET', '/readyz')).status).toBe(200);
});

test.skipIf(!(await findRedisProgram()))(
  'while Redis is away replies are accepted without a delay, and readiness tells it',
  async () => {
    const [database, redis] = await Promise.all([createTestDatabase(), startRedisServer()]);
    onTestFinished(async () => void (await Promise.all([database.drop(), redis.stop()])));
    const api = await openTestApp({ DATABASE_URL: database.url, REDIS_URL: redis.url });
    onTestFinished(() => api.close());
    const { ticketId } = await api.openTicket();
    const reply = () => api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'a' });
    expect((await reply()).status).toBe(201);

    await redis.kill();
    const from = performance.now();
    for (let count = 0; count < 20; count += 1) expect((await reply()).status).toBe(201);
    // If each waited for the queue's answer, they would take 20 seconds.
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(await api.call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ok', checks: { database: 'ok', queue: 'unavailable' } },
    });

    await redis.restart();
    await vi.waitFor(async () => {
      expect((await api.call('GET', '/readyz')).body.checks.queue).toBe('ok');
      const { body } = await reply();
      await vi.waitFor(async () => expect(await api.waitingJobs()).toContain(`n-${body.notification.id}-1`));
    }, patient);
  },
);
