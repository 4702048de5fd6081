import { createTestDatabase, type TestDatabase } from '@replybell/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from './test-app.ts';

let database: TestDatabase;
let api: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await openTestApp({ DATABASE_URL: database.url });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

test("a ticket opens with the user's message and shows each reply with its notification", async () => {
  const { userId, ticketId } = await api.openTicket();
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'We look into it' });

  const { status, body } = await api.call('GET', `/api/admin/tickets/${ticketId}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: ticketId, userId, status: 'waiting_user', priority: 'medium' });
  expect(body.messages).toMatchObject([
    { author: 'user', message: 'It is wrong', notification: null },
    {
      author: 'admin',
      message: 'We look into it',
      notification: { id: expect.any(String), ticketId, status: 'pending', attempts: 0 },
    },
  ]);
});

test('tickets are listed from the newest, page by page, by status and priority', async () => {
  const { userId } = await api.openTicket();
  const ticket = { userId, subject: 'Urgent', message: 'm', priority: 'urgent' };
  const ids: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.unshift((await api.call('POST', '/api/admin/tickets', ticket)).body.id);
  }
  await api.call('PUT', `/api/admin/tickets/${ids[1]}/status`, { status: 'in_progress' });

  const first = await api.call('GET', '/api/admin/tickets?priority=urgent&limit=2');
  expect(first.body.items.map((item: { id: number }) => item.id)).toEqual(ids.slice(0, 2));
  const next = `/api/admin/tickets?priority=urgent&limit=2&cursor=${first.body.nextCursor}`;
  const second = await api.call('GET', next);
  expect(second.body).toMatchObject({ items: [{ id: ids[2] }], nextCursor: null });

  const inProgress = await api.call('GET', '/api/admin/tickets?status=in_progress');
  expect(inProgress.body).toMatchObject({ items: [{ id: ids[1] }], nextCursor: null });
});

test('a status is set, and only to one that exists', async () => {
  const { ticketId } = await api.openTicket();
  const url = `/api/admin/tickets/${ticketId}/status`;
  expect(await api.call('PUT', url, { status: 'closed' })).toMatchObject({
    status: 200,
    body: { id: ticketId, status: 'closed' },
  });
  const refused = await api.call('PUT', url, { status: 'done' });
  expect(refused.status).toBe(400);
  expect(refused.body.errors).toEqual([
    { path: 'status', message: 'must be one of open, in_progress, waiting_user, closed' },
  ]);
});

test.each([
  ['limit=0', 'limit'],
  ['limit=101', 'limit'],
  ['limit=1e1', 'limit'],
  ['limit=', 'limit'],
  ['status=new', 'status'],
  ['cursor=nonsense', 'cursor'],
  ['statuss=open', 'statuss'],
])('a list asked for with ?%s is refused', async (query, field) => {
  const refused = await api.call('GET', `/api/admin/tickets?${query}`);
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: field }] } });
});

test('unknown tickets and users are 404', async () => {
  const ticket = { userId: 999_999, subject: 's', message: 'm' };
  expect(await api.call('POST', '/api/admin/tickets', ticket)).toMatchObject({
    status: 404,
    body: { code: 'user_not_found' },
  });
  for (const call of [
    api.call('GET', '/api/admin/tickets/999999'),
    api.call('PUT', '/api/admin/tickets/999999/status', { status: 'open' }),
  ]) {
    expect(await call).toMatchObject({ status: 404, body: { code: 'ticket_not_found' } });
  }
});

test.each(['0', '-1', '1.5', '1e3', '0x1', 'abc', '%20', '9007199254740992', '99999999999999999999', 'null'])(
  'the id %s is refused and reaches no query',
  async (id) => {
    expect(await api.call('GET', `/api/admin/tickets/${id}`)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ path: 'id' }] },
    });
  },
);

test('tickets are found by a part of their subject or of the user’s name, whatever it holds', async () => {
  const user = await api.call('POST', '/api/admin/users', { username: 'Zoë_100%' });
  const open = async (subject: string) =>
    (await api.call('POST', '/api/admin/tickets', { userId: user.body.id, subject, message: 'x' })).body.id;
  const [refund, other] = [await open('РЕФАНД 50% \\ _'), await open('Another thing')];
  const found = async (q: string) => {
    const { body } = await api.call('GET', `/api/admin/tickets?q=${encodeURIComponent(q)}`);
    return body.items.map((ticket: { id: number }) => ticket.id);
  };
  expect(await found('рефанд')).toEqual([refund]);
  expect(await found('50% \\ _')).toEqual([refund]);
  expect(await found('zoë_100%')).toEqual([other, refund]);
  expect(await found('%%%')).toEqual([]);
});
