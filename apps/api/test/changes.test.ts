import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { dumpTables } from './dump-tables.ts';
import { type TestApp, useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;

async function createKey(role: 'agent' | 'owner'): Promise<{ authorization: string }> {
  const { body } = await api.call('POST', '/api/admin/api-keys', { name: `An ${role}`, role });
  return { authorization: `Bearer ${body.secret}` };
}

const trailOf = async (query: string) => (await api.call('GET', `/api/admin/audit?${query}`)).body.items;

/** Every POST that creates something and takes an `Idempotency-Key`. */
async function creations(): Promise<
  [url: string, body: Record<string, unknown>, other: Record<string, unknown>][]
> {
  const { userId, ticketId } = await api.openTicket();
  const admin = { name: 'Eve', password: 'a long enough password', role: 'agent' };
  return [
    ['/api/admin/users', { username: 'anna' }, { username: 'bert' }],
    ['/api/admin/tickets', { userId, subject: 's', message: 'm' }, { userId, subject: 's', message: 'n' }],
    [`/api/admin/tickets/${ticketId}/replies`, { message: 'm' }, { message: 'n' }],
    ['/api/admin/admins', { ...admin, email: 'eve@example.com' }, { ...admin, email: 'mallory@example.com' }],
    [
      '/api/admin/notifications',
      { userId, ticketId: 7, subject: 's' },
      { userId, ticketId: 8, subject: 's' },
    ],
    ['/api/admin/api-keys', { name: 'Shop', role: 'agent' }, { name: 'Shop', role: 'owner' }],
  ];
}

test('fifty requests that race with one key create one thing and get one answer; another body is refused', async () => {
  for (const [index, [url, body, other]] of (await creations()).entries()) {
    const headers = { 'idempotency-key': `race-${index}` };
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.call('POST', url, body, headers)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    const bodies = answers.map((answer) => JSON.stringify({ ...answer.body, secret: null }));
    expect(new Set(bodies).size, url).toBe(1);
    expect(await api.call('POST', url, other, headers)).toMatchObject({
      status: 422,
      body: { code: 'key_reused' },
    });
  }
});

test('the order of a body’s fields makes no other request of it', async () => {
  const { userId } = await api.openTicket();
  const ticket = { userId, subject: 'Balance', message: 'It is wrong' };
  const backwards = Object.fromEntries(Object.entries(ticket).reverse());
  const headers = { 'idempotency-key': 'order' };
  const first = await api.call('POST', '/api/admin/tickets', ticket, headers);
  expect(first.status).toBe(201);
  expect(await api.call('POST', '/api/admin/tickets', backwards, headers)).toMatchObject({
    status: 201,
    body: first.body,
  });
});

test('a new API key is told in the first answer only', async () => {
  const create = () =>
    api.call('POST', '/api/admin/api-keys', { name: 'Once', role: 'agent' }, { 'idempotency-key': 'k' });
  const first = await create();
  expect(first.body.secret).toMatch(/^rb_/);
  expect((await create()).body).toEqual({ ...first.body, secret: null });
});

test('keys of different callers, and keys of different requests, do not meet', async () => {
  const headers = { 'idempotency-key': 'same' };
  const [mine, theirs] = [
    await api.call('POST', '/api/admin/users', { username: 'anna' }, headers),
    await api.call(
      'POST',
      '/api/admin/users',
      { username: 'anna' },
      { ...headers, ...(await createKey('agent')) },
    ),
  ];
  expect(theirs.status).toBe(201);
  expect(theirs.body.id).not.toBe(mine.body.id);
  const { ticketId } = await api.openTicket();
  const url = `/api/admin/tickets/${ticketId}/replies`;
  expect((await api.call('POST', url, { message: 'm' }, headers)).body.code).toBe('key_reused');
});

test("a repetition gets its own caller's answer, though others used the same key for the same", async () => {
  const { ticketId } = await api.openTicket();
  const callers = [{}, await createKey('agent')];
  const requests: [key: string, url: string, body: object][] = [
    ['own-user', '/api/admin/users', { username: 'anna' }],
    ['own-reply', `/api/admin/tickets/${ticketId}/replies`, { message: 'm' }],
  ];
  for (const [key, url, body] of requests) {
    const ask = (caller = {}) => api.call('POST', url, body, { 'idempotency-key': key, ...caller });
    const answers = await Promise.all(callers.map(ask));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const bodies = answers.map((answer) => answer.body);
    expect(bodies[0]).not.toEqual(bodies[1]);
    expect((await Promise.all(callers.map(ask))).map((answer) => answer.body)).toEqual(bodies);
  }
});

test('a request that was refused leaves its key free', async () => {
  const headers = { 'idempotency-key': 'free' };
  const ticket = { userId: 999_999, subject: 's', message: 'm' };
  expect((await api.call('POST', '/api/admin/tickets', ticket, headers)).status).toBe(404);
  const { userId } = await api.openTicket();
  expect((await api.call('POST', '/api/admin/tickets', { ...ticket, userId }, headers)).status).toBe(201);
});

test('the audit trail tells who did what to what, and in which request', async () => {
  const agent = await createKey('agent');
  const { userId, ticketId } = await api.openTicket();
  const text = 'a text that stays out of the trail';
  const url = `/api/admin/tickets/${ticketId}`;
  await api.call('POST', `${url}/replies`, { message: text }, { ...agent, 'x-request-id': 'the-request' });
  await api.call('PUT', `${url}/status`, { status: 'closed' }, agent);
  await api.call('PATCH', `/api/admin/users/${userId}`, { telegramId: 4_242 }, agent);

  const trail = await trailOf(`subject=ticket:${ticketId}`);
  expect(trail).toMatchObject([
    { action: 'ticket.status', actorName: 'An agent', detail: { status: 'closed' } },
    {
      action: 'reply.create',
      actorName: 'An agent',
      requestId: 'the-request',
      detail: { messageId: expect.any(Number) },
    },
    { action: 'ticket.create', actor: 'environment', actorName: 'ADMIN_API_KEY' },
  ]);
  const byAgent = await trailOf(`actor=${trail[0].actor}`);
  expect(byAgent.map((entry: { action: string }) => entry.action)).toEqual([
    'user.link',
    'ticket.status',
    'reply.create',
  ]);
  expect(JSON.stringify(byAgent)).not.toContain(text);
});

test('every change of an operator leaves an entry, and so does signing in', async () => {
  const { userId, ticketId } = await api.openTicket({ telegramId: 77_001 });
  const { body: stored } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'm' });
  const notification = `/api/admin/notifications/${stored.notification.id}`;
  const setStatus = (status: string) =>
    sql`update notifications set status = ${status} where id = ${stored.notification.id}`.execute(db);
  const lastAction = async () => (await trailOf('limit=1'))[0].action;
  const expectEntry = async (action: string, request: ReturnType<TestApp['call']>) => {
    expect((await request).status, action).toBeLessThan(300);
    expect(await lastAction()).toBe(action);
  };

  await setStatus('failed');
  await expectEntry('notification.retry', api.call('POST', `${notification}/retry`));
  await setStatus('unknown');
  await expectEntry(
    'notification.resolve',
    api.call('POST', `${notification}/resolve`, { outcome: 'resend' }),
  );
  await expectEntry('notification.withdraw', api.call('POST', `${notification}/withdraw`));
  await setStatus('failed');
  const redrive = (dryRun: boolean) =>
    api.call('POST', '/api/admin/notifications/retry', { filter: { ticketId }, dryRun });
  expect((await redrive(true)).body).toMatchObject({ retried: 0, remaining: 1 });
  expect(await lastAction()).toBe('notification.withdraw');
  await expectEntry('notification.retry_matching', redrive(false));
  expect((await trailOf('limit=1'))[0].detail).toMatchObject({ status: 'failed', ticketId, retried: 1 });

  const foreign = { userId, ticketId: 5, subject: 'a text that stays out' };
  await expectEntry('notification.create', api.call('POST', '/api/admin/notifications', foreign));
  await expectEntry('delivery.pause', api.call('POST', '/api/admin/delivery/pause', { reason: 'a text' }));
  await expectEntry('delivery.resume', api.call('POST', '/api/admin/delivery/resume'));
  await expectEntry('user.erase', api.call('POST', `/api/admin/users/${userId}/erase`));
  const admin = { email: 'in@example.com', name: 'In', password: 'a long enough password' };
  await expectEntry('admin.create', api.call('POST', '/api/admin/admins', { ...admin, role: 'agent' }));
  const { email, password } = admin;
  await expectEntry('session.create', api.call('POST', '/api/session', { email, password }));
  expect(JSON.stringify(await trailOf('limit=20'))).not.toContain('a text');
});

test('notifications are listed and retried by their user’s Telegram id, which no entry keeps', async () => {
  const telegramId = 77_030_201;
  const { userId, ticketId } = await api.openTicket({ telegramId });
  const replies = `/api/admin/tickets/${ticketId}/replies`;
  const { notification } = (await api.call('POST', replies, { message: 'm' })).body;
  await sql`update notifications set status = 'failed' where id = ${notification.id}`.execute(db);
  const listed = async (query: string) =>
    (await api.call('GET', `/api/admin/notifications?${query}`)).body.items.map(
      ({ id }: { id: string }) => id,
    );
  expect(await listed(`telegramId=${telegramId}`)).toEqual([notification.id]);
  expect(await listed(`telegramId=${telegramId}&userId=${userId}`)).toEqual([notification.id]);
  expect(await listed(`telegramId=${telegramId}&userId=${userId + 1}`)).toEqual([]);
  expect(await listed('telegramId=77030299')).toEqual([]);

  const retry = (filter: object) => api.call('POST', '/api/admin/notifications/retry', { filter });
  expect((await retry({ telegramId: 77_030_299 })).body.retried).toBe(0);
  expect((await retry({ telegramId })).body.retried).toBe(1);
  const [entry] = await trailOf('limit=1');
  expect(entry.detail).toMatchObject({ userId, retried: 1 });
  expect(JSON.stringify(entry)).not.toContain(`${telegramId}`);
});

test('the audit trail is read page by page and by time', async () => {
  await api.openTicket();
  const first = await api.call('GET', '/api/admin/audit?limit=1');
  const second = await api.call('GET', `/api/admin/audit?limit=1&cursor=${first.body.nextCursor}`);
  expect(second.body.items[0].id).toBeLessThan(first.body.items[0].id);
  const { at } = first.body.items[0];
  expect(await trailOf(`until=2020-01-01T00:00:00Z`)).toEqual([]);
  expect((await trailOf(`since=${encodeURIComponent(at)}`)).length).toBeGreaterThan(0);
  expect((await api.call('GET', '/api/admin/audit?since=yesterday')).body.errors).toMatchObject([
    { path: 'since' },
  ]);
});

test('a change that is refused or fails leaves no entry', async () => {
  const { ticketId } = await api.openTicket();
  const before = (await trailOf('limit=100')).length;
  await api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'closed' });
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Too late' });
  await api.call('POST', '/api/admin/tickets', { userId: 999_999, subject: 's', message: 'm' });
  await api.call('PATCH', '/api/admin/admins/999999', { disabled: true });
  expect(await trailOf('limit=100')).toHaveLength(before + 1);
});

test('the database holds no key and no password in clear', async () => {
  const email = 'clear@example.com';
  const password = 'a password that is searched for';
  await api.call('POST', '/api/admin/admins', { email, name: 'Clear', password, role: 'agent' });
  const created = await api.call(
    'POST',
    '/api/admin/api-keys',
    { name: 'Clear', role: 'agent' },
    { 'idempotency-key': 'clear' },
  );
  const stored = await dumpTables(db);
  expect(stored).toContain('clear@example.com');
  expect(stored).not.toContain(password);
  expect(stored).not.toContain(created.body.secret);
});

test('what is kept of a request that creates an admin does not depend on the password', async () => {
  const headers = { 'idempotency-key': 'no-password' };
  const admin = { email: 'kept@example.com', name: 'Kept', role: 'agent' };
  const create = (password: string) => api.call('POST', '/api/admin/admins', { ...admin, password }, headers);
  const created = await create('a long enough password');
  expect(created.status).toBe(201);
  expect(await create('another long password')).toMatchObject({ status: 201, body: created.body });
});
