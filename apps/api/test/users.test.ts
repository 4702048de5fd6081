import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();

test('a user is created, in Russian and unlinked unless told otherwise', async () => {
  const created = await api.call('POST', '/api/admin/users', { username: 'anna' });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ username: 'anna', telegramId: null, locale: 'ru' });
  expect(created.body.deliverability.status).toBe('unlinked');
  expect(created.body.createdAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

  const found = await api.call('GET', `/api/admin/users/${created.body.id}`);
  expect(found).toMatchObject({ status: 200, body: created.body });
});

test('a user whom Telegram refuses is unreachable, with the reason and what to do', async () => {
  const { userId, ticketId } = await api.openTicket({ telegramId: 4_242 });
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
  await sql`update notifications set status = 'parked', reason = 'bot_blocked' where ticket_id = ${ticketId}`.execute(
    api.db,
  );
  const { body } = await api.call('GET', `/api/admin/users/${userId}`, undefined, {
    'accept-language': 'en',
  });
  expect(body.deliverability).toEqual({
    status: 'unreachable',
    reason: 'bot_blocked',
    advice: expect.stringContaining('unblock'),
  });
  const russian = await api.call('GET', `/api/admin/users/${userId}`, undefined, { 'accept-language': 'ru' });
  expect(russian.body.deliverability.advice).toMatch(/[а-я]/);
  const freed = await api.call('PATCH', `/api/admin/users/${userId}`, { telegramId: 4_242 });
  expect(freed.body.deliverability.status).toBe('reachable');
});

test('a Telegram id is linked, moved to another user, and removed', async () => {
  const telegramId = 2 ** 52 - 1;
  const first = await api.call('POST', '/api/admin/users', { username: 'first', telegramId, locale: 'en' });
  expect(first.body).toMatchObject({ telegramId, locale: 'en', deliverability: { status: 'reachable' } });

  const second = await api.call('POST', '/api/admin/users', { username: 'second' });
  const url = `/api/admin/users/${second.body.id}`;
  expect((await api.call('PATCH', url, { telegramId })).body.telegramId).toBe(telegramId);
  expect((await api.call('GET', `/api/admin/users/${first.body.id}`)).body.telegramId).toBeNull();

  const unlinked = await api.call('PATCH', url, { telegramId: null });
  expect(unlinked.body).toMatchObject({ telegramId: null, deliverability: { status: 'unlinked' } });
});

test('the audit trail of whoever loses their Telegram account tells to whom and by whose hand', async () => {
  const create = async (body: object) => (await api.call('POST', '/api/admin/users', body)).body.id;
  const trailOf = async (id: number) =>
    (await api.call('GET', `/api/admin/audit?subject=user:${id}&limit=1`)).body.items;
  const telegramId = 990_001;
  const alice = await create({ username: 'alice', telegramId });
  const mallory = await create({ username: 'mallory', telegramId });
  expect(await trailOf(alice)).toMatchObject([{ action: 'user.unlink', detail: { movedTo: mallory } }]);
  await api.call('PATCH', `/api/admin/users/${alice}`, { telegramId });
  expect(await trailOf(mallory)).toMatchObject([{ action: 'user.unlink', detail: { movedTo: alice } }]);
  expect(await trailOf(alice)).toMatchObject([{ action: 'user.link' }]);
  await api.call('PATCH', `/api/admin/users/${alice}`, { telegramId: null });
  expect(await trailOf(alice)).toMatchObject([{ action: 'user.unlink', detail: { fields: ['telegramId'] } }]);
  await api.call('PATCH', `/api/admin/users/${alice}`, { telegramId });

  const foreign = { telegramId: 990_002, ticketId: 1, subject: 'Elsewhere' };
  const { userId: provisional } = (await api.call('POST', '/api/admin/notifications', foreign)).body;
  const bob = await create({ username: 'bob', telegramId: 990_002 });
  expect(await trailOf(provisional)).toMatchObject([{ action: 'user.merge', detail: { mergedInto: bob } }]);
});

test('a name and a language are changed by themselves, and at least something must be', async () => {
  const { body: user } = await api.call('POST', '/api/admin/users', { username: 'anna', telegramId: 5_151 });
  const url = `/api/admin/users/${user.id}`;
  expect(await api.call('PATCH', url, { username: 'Anna B.', locale: 'en' })).toMatchObject({
    status: 200,
    body: { id: user.id, username: 'Anna B.', locale: 'en', telegramId: 5_151 },
  });
  const { body: trail } = await api.call('GET', `/api/admin/audit?subject=user:${user.id}&limit=1`);
  expect(trail.items).toMatchObject([{ action: 'user.update', detail: { fields: ['username', 'locale'] } }]);
  expect(await api.call('PATCH', url, {})).toMatchObject({
    status: 400,
    body: { code: 'validation_failed' },
  });
});

test.each([
  ['no name', {}, 'username'],
  ['an empty name', { username: '' }, 'username'],
  ['a name that is too long', { username: 'a'.repeat(65) }, 'username'],
  ['a Telegram id as text', { username: 'a', telegramId: '1' }, 'telegramId'],
  ['a negative Telegram id', { username: 'a', telegramId: -1 }, 'telegramId'],
  ['a Telegram id beyond 52 bits', { username: 'a', telegramId: 2 ** 52 }, 'telegramId'],
  ['a broken Telegram id', { username: 'a', telegramId: 1.5 }, 'telegramId'],
  ['a locale that is none', { username: 'a', locale: '../en' }, 'locale'],
  ['an unknown field', { username: 'a', admin: true }, 'admin'],
])('%s is refused, and the answer names the field', async (_what, body, field) => {
  const refused = await api.call('POST', '/api/admin/users', body);
  expect(refused).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  expect(refused.body.errors.map((error: { path: string }) => error.path)).toContain(field);
});

test('users are listed from the newest, page by page, by a part of their name and by Telegram id', async () => {
  const ids: number[] = [];
  for (const [index, username] of ['Ирина 50%', 'ирина_2', 'IRINA', 'ИРИНА 😀'].entries()) {
    const { body } = await api.call('POST', '/api/admin/users', { username, telegramId: 777_000 + index });
    ids.unshift(body.id);
  }
  const list = (query: string) => api.call('GET', `/api/admin/users?${query}`);
  const found = async (q: string) =>
    (await list(`q=${encodeURIComponent(q)}`)).body.items.map((user: { id: number }) => user.id);
  expect(await found('ирин')).toEqual([ids[0], ids[2], ids[3]]);
  expect(await found('0%')).toEqual([]);
  expect(await found('50%')).toEqual([ids[3]]);
  expect(await found('😀')).toEqual([ids[0]]);
  expect(await found('%')).toEqual([]);

  const first = await list('limit=2');
  expect(first.body.items.map((user: { id: number }) => user.id)).toEqual(ids.slice(0, 2));
  const second = await list(`limit=2&cursor=${first.body.nextCursor}`);
  expect(second.body.items[0]).toMatchObject({ id: ids[2], deliverability: { status: 'reachable' } });
  expect(await list('telegramId=777003')).toMatchObject({
    body: { items: [{ id: ids[0] }], nextCursor: null },
  });
  for (const query of ['limit=0', 'telegramId=0', 'q=', 'cursor=x', 'name=a']) {
    expect(await list(query)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  }
});

test('unknown users are 404', async () => {
  for (const call of [
    api.call('GET', '/api/admin/users/999999'),
    api.call('GET', `/api/admin/users/${Number.MAX_SAFE_INTEGER}`),
    api.call('PATCH', '/api/admin/users/999999', { telegramId: 1 }),
  ]) {
    expect(await call).toMatchObject({ status: 404, body: { code: 'user_not_found', status: 404 } });
  }
});
