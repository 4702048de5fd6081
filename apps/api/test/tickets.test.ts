import { expect, test } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();

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
      notification: {
        id: expect.any(String),
        ticketId,
        status: 'pending',
        attempts: 0,
        nextAttemptAt: expect.any(String),
        action: 'wait',
      },
    },
  ]);
  expect(body).toMatchObject({ username: 'anna', unanswered: false, olderCursor: null });
});

test('a long thread is shown from its end, and read to its beginning page by page', async () => {
  const { ticketId } = await api.openTicket();
  const url = `/api/admin/tickets/${ticketId}`;
  for (let count = 1; count <= 51; count += 1) {
    await api.call('POST', `${url}/replies`, { message: `reply ${count}` });
  }
  const texts = (messages: { message: string }[]) => messages.map(({ message }) => message);
  const { body } = await api.call('GET', url);
  expect(body.messages).toHaveLength(50);
  expect(body.messages.at(-1)).toMatchObject({ message: 'reply 51', notification: { status: 'pending' } });
  expect(texts(body.messages.slice(0, 2))).toEqual(['reply 2', 'reply 3']);

  const before = await api.call('GET', `${url}/messages?limit=1&cursor=${body.olderCursor}`);
  expect(texts(before.body.items)).toEqual(['reply 1']);
  const first = await api.call('GET', `${url}/messages?limit=1&cursor=${before.body.nextCursor}`);
  expect(first.body).toMatchObject({ items: [{ author: 'user', notification: null }], nextCursor: null });

  const newest = await api.call('GET', `${url}/messages?limit=2`);
  expect(texts(newest.body.items)).toEqual(['reply 51', 'reply 50']);
  expect(await api.call('GET', '/api/admin/tickets/999999/messages')).toMatchObject({ status: 404 });
  expect(await api.call('GET', `${url}/messages?cursor=nonsense`)).toMatchObject({ status: 400 });
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

test('status and priority are changed together or by themselves, and the trail has it', async () => {
  const { ticketId } = await api.openTicket();
  const url = `/api/admin/tickets/${ticketId}`;
  expect(await api.call('PATCH', url, { priority: 'urgent' })).toMatchObject({
    status: 200,
    body: { status: 'open', priority: 'urgent' },
  });
  const both = { status: 'closed', priority: 'low' };
  expect((await api.call('PATCH', url, both)).body).toMatchObject(both);
  const { body: trail } = await api.call('GET', `/api/admin/audit?subject=ticket:${ticketId}&limit=1`);
  expect(trail.items).toMatchObject([{ action: 'ticket.update', detail: both }]);
  expect(await api.call('PATCH', url, {})).toMatchObject({
    status: 400,
    body: { code: 'validation_failed' },
  });
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
    api.call('PATCH', '/api/admin/tickets/999999', { status: 'open' }),
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
