import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;

const ticket = { ticketId: 4711, subject: 'Where is my parcel?' };
const notify = (body: object) => api.call('POST', '/api/admin/notifications', body);

it('promises to tell a known user, and makes the job', async () => {
  const { userId } = await api.openTicket();
  const created = await notify({ userId, ...ticket });
  expect(created).toMatchObject({
    status: 201,
    body: { ticketId: 4711, userId, status: 'pending', reason: null, reasonText: null, timeline: [] },
  });
  await expect.poll(() => api.waitingJobs()).toContain(`n-${created.body.id}-1`);
  expect(await api.call('GET', `/api/admin/notifications/${created.body.id}`)).toMatchObject({
    status: 200,
    body: created.body,
  });
});

it('keeps the address and the language that the helpdesk gives', async () => {
  const url = 'https://helpdesk.example.com/tickets/4711?from=telegram#last';
  const { body } = await notify({ telegramId: 71, ...ticket, url, locale: 'en' });
  const { rows } = await sql`
    select message_id, subject, button_url, locale from notifications where id = ${body.id}`.execute(db);
  expect(rows).toEqual([{ message_id: null, subject: ticket.subject, button_url: url, locale: 'en' }]);
});

it('is told apart from what tells of own tickets of the same number', async () => {
  const { userId, ticketId } = await api.openTicket();
  const own = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
  const url = 'https://helpdesk.example.com/1';
  const { body: foreign } = await notify({ userId, ticketId, subject: ticket.subject, url });
  expect(foreign).toMatchObject({ foreign: true, subject: ticket.subject, url });

  const list = async (query: string) =>
    (await api.call('GET', `/api/admin/notifications?ticketId=${ticketId}${query}`)).body.items;
  expect(await list('')).toMatchObject([
    { id: foreign.id, foreign: true, subject: ticket.subject, url },
    { id: own.body.notification.id, foreign: false, subject: null, url: null },
  ]);
  expect(await list('&foreign=true')).toMatchObject([{ id: foreign.id }]);
  expect(await list('&foreign=false')).toMatchObject([{ id: own.body.notification.id }]);
});

it.each([
  ['HTTPS://A.EXAMPLE.COM', 'https://a.example.com/'],
  ['https://поддержка.рф/тикет', 'https://xn--80ahaefyxhn.xn--p1ai/%D1%82%D0%B8%D0%BA%D0%B5%D1%82'],
  ['https://a.example.com:8443/?a=b', 'https://a.example.com:8443/?a=b'],
])('takes the address %s', async (url, stored) => {
  const { status, body } = await notify({ telegramId: 75, ...ticket, url });
  expect(status).toBe(201);
  const { rows } = await sql`select button_url from notifications where id = ${body.id}`.execute(db);
  expect(rows).toEqual([{ button_url: stored }]);
});

it('finds the user by Telegram id, or creates one, and only one when calls race', async () => {
  const created = await Promise.all(
    Array.from({ length: 10 }, () => notify({ telegramId: 72, locale: 'en', ...ticket })),
  );
  expect(created.map((answer) => answer.status)).toEqual(Array(10).fill(201));
  const [userId, ...others] = new Set(created.map((answer) => answer.body.userId));
  expect(others).toEqual([]);
  expect(await api.call('GET', `/api/admin/users/${userId}`)).toMatchObject({
    body: { telegramId: 72, username: '72', locale: 'en' },
  });
});

it.each([
  { userId: 999_999, ...ticket },
  { userId: 1, telegramId: 1, ...ticket },
  ticket,
  { telegramId: 73, ticketId: 1 },
  { telegramId: 73, ...ticket, subject: ' ' },
  { telegramId: 73, ...ticket, locale: 'English' },
  { telegramId: 73, ...ticket, message: 'no' },
  { telegramId: 2 ** 53, ...ticket },
])('refuses %j', async (body) => {
  const { status, body: problem } = await notify(body);
  expect([status, problem.code]).toEqual(
    'userId' in body && !('telegramId' in body) ? [404, 'user_not_found'] : [400, 'validation_failed'],
  );
});

it.each([
  'http://helpdesk.example.com/1',
  'https://localhost/1',
  'https://desk.localhost/1',
  'https://desk.local/1',
  'https://desk.internal/1',
  'https://helpdesk.example.com:0/1',
  'https://helpdesk.example.com:/1',
  'https:///helpdesk.example.com/1',
  'https://helpdesk.example.com\\1',
  'https://helpdesk..example.com/1',
  `https://${'a'.repeat(64)}.example.com/1`,
  'https://-helpdesk.example.com/1',
  'https://helpdesk-.example.com/1',
  'https://*.example.com/1',
  'https://helpdesk/1',
  'https://127.0.0.1/1',
  'https://[::1]/1',
  'https://2130706433/',
  'https://anna:secret@helpdesk.example.com/',
  'https://helpdesk.example.com/a b',
  'javascript:alert(1)',
  'https://',
  `https://helpdesk.example.com/${'x'.repeat(2_048)}`,
])('refuses the address %s', async (url) => {
  expect(await notify({ telegramId: 74, ...ticket, url })).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'url' }] },
  });
});

it('moves to whoever is created with the Telegram id later, and the id of before ends', async () => {
  const { body: told } = await notify({ telegramId: 77, ...ticket });
  const created = await api.call('POST', '/api/admin/users', { username: 'anna', telegramId: 77 });
  expect(await api.call('GET', `/api/admin/users/${told.userId}`)).toMatchObject({ status: 404 });
  expect(await api.call('GET', `/api/admin/notifications/${told.id}`)).toMatchObject({
    body: { userId: created.body.id },
  });
  expect(await notify({ userId: told.userId, ...ticket })).toMatchObject({ status: 404 });
});

it('uses up no number of a user for one who is known', async () => {
  await notify({ telegramId: 76, ...ticket });
  const lastId = async () => (await sql`select last_value from users_id_seq`.execute(db)).rows;
  const before = await lastId();
  expect(await notify({ telegramId: 76, ...ticket })).toMatchObject({ status: 201 });
  expect(await lastId()).toEqual(before);
});
