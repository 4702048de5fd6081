import { expect, test } from 'vitest';
import { botToken, miniAppOf } from './mini-app.ts';
import { openBeside, useTestApp } from './test-app.ts';

const api = await useTestApp({ BOT_TOKEN: botToken });

const replyTo = async (ticketId: number, message = 'Here'): Promise<string> =>
  (await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message })).body.notification.id;
const setStatus = (ticketId: number, status: string) =>
  api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status });
const notification = async (id: string) => (await api.call('GET', `/api/admin/notifications/${id}`)).body;
const idsOf = (items: { id: number }[]) => items.map(({ id }) => id);

test('a user opens a ticket, writes in it, and reads the answers; nothing is said of notifications', async () => {
  const { call } = miniAppOf(api);
  const opened = await call('POST', '/tickets', { subject: 'Balance 💰', message: 'It is wrong' });
  expect(opened).toMatchObject({
    status: 201,
    body: { subject: 'Balance 💰', status: 'open', priority: 'medium' },
  });
  const { id } = opened.body;
  await replyTo(id, 'Better now?');
  const written = await call('POST', `/tickets/${id}/messages`, { message: 'Yes' });
  expect(written).toMatchObject({ status: 201, body: { ticketId: id, author: 'user', message: 'Yes' } });

  const { body } = await call('GET', `/tickets/${id}`);
  expect(body).toMatchObject({ id, status: 'open', olderCursor: null });
  expect(body.messages.map(({ author, message }: Record<string, unknown>) => [author, message])).toEqual([
    ['user', 'It is wrong'],
    ['admin', 'Better now?'],
    ['user', 'Yes'],
  ]);
  expect(JSON.stringify(body)).not.toContain('notification');
});

test('a request that is repeated with its Idempotency-Key is carried out once, for this user, and counts once', async () => {
  const [user, other] = [miniAppOf(api), miniAppOf(api)];
  const headers = { 'idempotency-key': 'tap' };
  const open = (by = user) => by.call('POST', '/tickets', { subject: 'Once', message: 'x' }, headers);
  const opened = await Promise.all(Array.from({ length: 10 }, () => open()));
  expect(new Set(opened.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
  const { id } = opened[0]?.body ?? {};
  expect((await open(other)).body.id).not.toBe(id);

  const write = (message: string) =>
    user.call('POST', `/tickets/${id}/messages`, { message }, { 'idempotency-key': 'again' });
  const written = await write('Hello');
  for (let times = 0; times < 12; times += 1) expect((await write('Hello')).body).toEqual(written.body);
  expect((await user.call('GET', `/tickets/${id}`)).body.messages).toHaveLength(2);
  expect(await write('Goodbye')).toMatchObject({ status: 422, body: { code: 'key_reused' } });
});

test('a key is for one address: the same message in another ticket is another request', async () => {
  const user = miniAppOf(api);
  const [first, second] = [await user.openTicket(), await user.openTicket()];
  const writeIn = (id: number) =>
    user.call('POST', `/tickets/${id}/messages`, { message: 'Hello' }, { 'idempotency-key': 'one-address' });
  expect((await writeIn(first)).status).toBe(201);
  expect(await writeIn(second)).toMatchObject({ status: 422, body: { code: 'key_reused' } });
});

test("a user's message opens a ticket that waited for them, and leaves one that is in work", async () => {
  const user = miniAppOf(api);
  const id = await user.openTicket();
  const statusAfterWriting = async () => {
    await user.call('POST', `/tickets/${id}/messages`, { message: 'x' });
    return (await user.call('GET', `/tickets/${id}`)).body.status;
  };
  await setStatus(id, 'waiting_user');
  expect(await statusAfterWriting()).toBe('open');
  await setStatus(id, 'in_progress');
  expect(await statusAfterWriting()).toBe('in_progress');
});

test("asking for a ticket's headers only is refused: it would count as seen", async () => {
  const user = miniAppOf(api);
  const id = await user.openTicket();
  const { body } = await api.call('POST', `/api/admin/tickets/${id}/replies`, { message: 'Hi' });
  expect((await user.call('HEAD', `/tickets/${id}`)).status).toBe(405);
  const notification = await api.call('GET', `/api/admin/notifications/${body.notification.id}`);
  expect(notification.body.status).not.toBe('withdrawn');
});

test('a closed ticket takes no message', async () => {
  const user = miniAppOf(api);
  const id = await user.openTicket();
  await setStatus(id, 'closed');
  expect(await user.call('POST', `/tickets/${id}/messages`, { message: 'x' })).toMatchObject({
    status: 409,
    body: { code: 'ticket_closed', detail: expect.stringContaining('POST /api/me/tickets') },
  });
  expect((await user.call('GET', `/tickets/${id}`)).body.messages).toHaveLength(1);
});

test("a user's tickets and messages come page by page", async () => {
  const user = miniAppOf(api);
  const tickets = [];
  for (let count = 0; count < 3; count += 1) tickets.unshift(await user.openTicket());
  const first = (await user.call('GET', '/tickets?limit=2')).body;
  expect(idsOf(first.items)).toEqual(tickets.slice(0, 2));
  const second = (await user.call('GET', `/tickets?limit=2&cursor=${first.nextCursor}`)).body;
  expect([idsOf(second.items), second.nextCursor]).toEqual([tickets.slice(2), null]);

  const url = `/tickets/${tickets[0]}`;
  for (const message of ['2', '3']) await user.call('POST', `${url}/messages`, { message });
  const texts = ({ messages }: { messages: { message: string }[] }) => messages.map(({ message }) => message);
  const newest = (await user.call('GET', `${url}?limit=2`)).body;
  expect(texts(newest)).toEqual(['2', '3']);
  const older = (await user.call('GET', `${url}?limit=2&cursor=${newest.olderCursor}`)).body;
  expect([texts(older), older.olderCursor]).toEqual([['It is wrong'], null]);
});

test("another user's ticket is not there: it is neither listed, nor read, nor written in", async () => {
  const [owner, stranger] = [miniAppOf(api), miniAppOf(api)];
  const id = await owner.openTicket();
  const notificationId = await replyTo(id);
  expect((await stranger.call('GET', '/tickets')).body.items).toEqual([]);
  for (const answer of [
    await stranger.call('GET', `/tickets/${id}`),
    await stranger.call('POST', `/tickets/${id}/messages`, { message: 'x' }),
    await stranger.call('GET', '/tickets/999999'),
  ]) {
    expect(answer).toMatchObject({ status: 404, body: { code: 'ticket_not_found' } });
  }
  await setStatus(id, 'closed');
  expect((await stranger.call('POST', `/tickets/${id}/messages`, { message: 'x' })).status).toBe(404);
  expect(await notification(notificationId)).toMatchObject({ status: 'pending' });
});

test('opening a ticket withdraws the notifications of the replies that it shows', async () => {
  const user = miniAppOf(api);
  const [id, other] = [await user.openTicket(), await user.openTicket()];
  const [seen, elsewhere] = [await replyTo(id), await replyTo(other)];
  await user.call('GET', '/tickets');
  expect(await notification(seen)).toMatchObject({ status: 'pending' });
  await user.call('GET', `/tickets/${id}`);
  expect(await notification(seen)).toMatchObject({ status: 'withdrawn', reason: 'seen_in_app' });
  expect(await notification(elsewhere)).toMatchObject({ status: 'pending' });

  const later = await replyTo(id);
  expect(await notification(later)).toMatchObject({ status: 'pending' });
});

test('a reply on an older page is withdrawn when that page is shown', async () => {
  const user = miniAppOf(api);
  const id = await user.openTicket();
  const [old, fresh] = [await replyTo(id), await replyTo(id)];
  const { body } = await user.call('GET', `/tickets/${id}?limit=1`);
  expect([(await notification(old)).status, (await notification(fresh)).status]).toEqual([
    'pending',
    'withdrawn',
  ]);
  await user.call('GET', `/tickets/${id}?limit=1&cursor=${body.olderCursor}`);
  expect((await notification(old)).status).toBe('withdrawn');
});

test('ten messages at once are taken, then the user has to wait, whichever process is asked', async () => {
  const user = miniAppOf(api);
  const elsewhere = miniAppOf(await openBeside(api), user);
  const id = await user.openTicket();
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      [user, elsewhere][index % 2]?.call('POST', `/tickets/${id}/messages`, { message: String(index) }),
    ),
  );
  expect(answers.filter((answer) => answer?.status === 201)).toHaveLength(10);
  for (const refused of answers.filter((answer) => answer?.status !== 201)) {
    expect(refused).toMatchObject({ status: 429, body: { code: 'writing_too_fast' } });
    expect(Number(refused?.headers['retry-after'])).toSatisfy(
      (seconds: number) => seconds >= 1 && seconds <= 6,
    );
  }
  expect((await user.call('GET', `/tickets/${id}`)).body.messages).toHaveLength(11);
  // Others are not held up.
  expect((await miniAppOf(api).call('POST', '/tickets', { subject: 's', message: 'm' })).status).toBe(201);
});

test('five tickets at once are taken, then the user has to wait', async () => {
  const user = miniAppOf(api);
  for (let count = 0; count < 5; count += 1) await user.openTicket();
  const refused = await user.call('POST', '/tickets', { subject: 's', message: 'm' });
  expect(refused).toMatchObject({ status: 429, body: { code: 'writing_too_fast' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(600);
  expect((await user.call('GET', '/tickets')).body.items).toHaveLength(5);
});

test('what is refused uses up nothing', async () => {
  const user = miniAppOf(api);
  const [closed, open] = [await user.openTicket(), await user.openTicket()];
  await setStatus(closed, 'closed');
  for (let count = 0; count < 12; count += 1) {
    await user.call('POST', `/tickets/${closed}/messages`, { message: 'x' });
    await user.call('POST', `/tickets/${open}/messages`, { message: '' });
  }
  expect((await user.call('POST', `/tickets/${open}/messages`, { message: 'x' })).status).toBe(201);
});

test.each([
  ['POST', '/tickets', { message: 'm' }, 'subject'],
  ['POST', '/tickets', { subject: 's' }, 'message'],
  ['POST', '/tickets', { subject: ' ', message: 'm' }, 'subject'],
  ['POST', '/tickets', { subject: 's', message: 'x'.repeat(10_001) }, 'message'],
  ['POST', '/tickets', { subject: 's', message: 'm', userId: 1 }, 'userId'],
  ['POST', '/tickets', { subject: 's', message: 'm', priority: 'urgent' }, 'priority'],
  ['POST', '/tickets/1/messages', { message: 'a\u0000b' }, 'message'],
  ['POST', '/tickets/1/messages', { message: 'm', author: 'admin' }, 'author'],
  ['POST', '/tickets/x/messages', { message: 'm' }, 'id'],
  ['GET', '/tickets/0', undefined, 'id'],
  ['GET', '/tickets?limit=0', undefined, 'limit'],
  ['GET', '/tickets?cursor=nonsense', undefined, 'cursor'],
  ['GET', '/tickets?userId=1', undefined, 'userId'],
] as const)('%s %s with %j is refused, and the answer names the field', async (method, path, body, field) => {
  const refused = await miniAppOf(api).call(method, path, body);
  expect(refused).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  expect(refused.body.errors.map((error: { path: string }) => error.path)).toContain(field);
});
