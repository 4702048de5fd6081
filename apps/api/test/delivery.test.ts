import { pauseThrottled, pauseUntilProbed } from '@replybell/database';
import { expect, test } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;

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

const change = (path: string, body?: object) => api.call('POST', `/api/admin/delivery/${path}`, body);
const operatorPause = async () =>
  (await state()).body.pauses.find((pause: { kind: string }) => pause.kind === 'operator');

test('an admin pauses deliveries until they are resumed', async () => {
  const { status, body } = await change('pause', { reason: 'The Mini App is being moved' });
  expect([status, body.paused]).toEqual([200, true]);
  const pause = await operatorPause();
  expect(pause).toMatchObject({
    reason: 'paused_by_operator',
    detail: 'ADMIN_API_KEY: The Mini App is being moved',
    since: expect.any(String),
    pausedUntil: null,
  });
  expect((await api.call('GET', '/readyz')).body.paused).toContain('paused_by_operator');

  await change('pause', {});
  expect(await operatorPause()).toEqual({ ...pause, detail: 'ADMIN_API_KEY' });

  expect(await change('resume')).toMatchObject({ status: 200 });
  expect(await operatorPause()).toBeUndefined();
  expect(await change('resume')).toMatchObject({ status: 200 });

  await change('pause', {});
  expect((await operatorPause()).since > pause.since).toBe(true);
  await change('resume');
});

test('a pause for something else is not ended by resuming', async () => {
  expect((await change('resume')).body.paused).toBe(true);
});

test.each([{ reason: '' }, { reason: 'x'.repeat(501) }, { until: 'tomorrow' }])(
  'a pause with %j is refused',
  async (body) => expect(await change('pause', body)).toMatchObject({ status: 400 }),
);

test('deliveries are paused without giving a reason, with an empty body or none', async () => {
  for (const body of [undefined, '', {}]) {
    const paused = await api.call('POST', '/api/admin/delivery/pause', body);
    expect(paused).toMatchObject({ status: 200, body: { paused: true } });
    expect(paused.body.pauses).toContainEqual(
      expect.objectContaining({ kind: 'operator', detail: 'ADMIN_API_KEY' }),
    );
    await api.call('POST', '/api/admin/delivery/resume');
  }
});
