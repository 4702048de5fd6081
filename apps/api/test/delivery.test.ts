import { openDatabase, pauseThrottled, pauseUntilProbed } from '@replybell/database';
import { createTestDatabase } from '@replybell/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from './test-app.ts';

let api: TestApp;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let db: ReturnType<typeof openDatabase>;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, applicationName: 'test', maxConnections: 1 });
  api = await openTestApp({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.close();
  await db.destroy();
  await database.drop();
});

const state = () => api.call('GET', '/api/admin/delivery');

test('a quiet system is not paused and has no backlog', async () => {
  expect(await state()).toMatchObject({
    status: 200,
    body: {
      paused: false,
      pauses: [],
      backlog: { pending: 0, sending: 0, parked: 0, failed: 0, unknown: 0 },
      oldestDueAt: null,
      queue: { status: 'ok', workers: 0 },
    },
  });
});

test('what waits is counted, with the age of the oldest', async () => {
  const { ticketId } = await api.openTicket();
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Soon' });
  const { body } = await state();
  expect(body.backlog.pending).toBe(1);
  expect(Date.parse(body.oldestDueAt)).toBeLessThanOrEqual(Date.now());
});

test('pauses are told with their reason and when they end or are probed', async () => {
  await pauseThrottled(db, { retryAfterMs: 60_000, reason: 'too_many_requests', detail: 'retry after 60' });
  await pauseUntilProbed(db, {
    kind: 'token',
    reason: 'bot_token_refused',
    detail: 'Unauthorized',
    tokenFingerprint: 'a',
  });
  const { body } = await state();
  expect(body.paused).toBe(true);
  expect(body.pauses).toMatchObject([
    { kind: 'throttled', reason: 'too_many_requests', pausedUntil: expect.any(String) },
    { kind: 'token', reason: 'bot_token_refused', detail: 'Unauthorized', probes: 0 },
  ]);
});

test('readiness tells pauses and workers, and does not fail over them', async () => {
  expect(await api.call('GET', '/readyz')).toMatchObject({
    status: 200,
    body: { status: 'ok', workers: 0, paused: ['too_many_requests', 'bot_token_refused'] },
  });
});
