import { createLinkToken, linkByToken } from '@replybell/database';
import { countWaiting } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { asTma, botToken, freshTelegramId, initDataOf, miniAppOf } from './mini-app.ts';
import { bearer, openBeside, useTestApp } from './test-app.ts';

const HOUR_S = 3_600;

const api = await useTestApp({ BOT_TOKEN: botToken });
const { db } = api;

const getMe = (headers: Record<string, string>) => api.call('GET', '/api/me', undefined, headers);

/** A reply that waits for a user whom Telegram refused, `agoSeconds` ago. */
async function parkReplyTo(telegramId: number, agoSeconds: number) {
  const ticketId = await miniAppOf(api, { telegramId }).openTicket();
  const { body } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
  await sql`
    update notifications
    set status = 'parked', reason = 'bot_blocked', updated_at = now() - ${agoSeconds} * interval '1 second'
    where id = ${body.notification.id}`.execute(db);
  const status = async () =>
    (await api.call('GET', `/api/admin/notifications/${body.notification.id}`)).body.status;
  return { status };
}

test('a person who opens the Mini App for the first time becomes a user', async () => {
  const telegramId = freshTelegramId();
  const person = { telegramId, firstName: 'Зоя', username: 'zoe', languageCode: 'en' };
  const visit = await getMe(asTma(initDataOf(person)));
  expect(visit.status).toBe(200);
  expect(visit.body).toEqual({
    id: expect.any(Number),
    username: 'zoe',
    telegramId,
    locale: 'en',
    muted: false,
    openedLink: null,
  });

  const again = await getMe(asTma(initDataOf({ ...person, username: 'other', languageCode: 'ru' })));
  expect(again.body).toEqual(visit.body);
});

test.each(['ru\0', 'русский', 'x'.repeat(40), '\ud800'])(
  'the language %j of an app is none',
  async (languageCode) => {
    const visit = await getMe(asTma(initDataOf({ telegramId: freshTelegramId(), languageCode })));
    expect(visit).toMatchObject({ status: 200, body: { locale: 'ru' } });
  },
);

test('a person without a user name is called by their first name', async () => {
  const visit = await getMe(
    asTma(initDataOf({ telegramId: freshTelegramId(), firstName: `👩🏽‍💻${'x'.repeat(80)}` })),
  );
  expect(visit.body.username).toMatch(/^👩🏽‍💻x+$/u);
  expect(Array.from(visit.body.username)).toHaveLength(64);
});

test('a person whose name nobody can see is called by their id', async () => {
  const telegramId = freshTelegramId();
  const visit = await getMe(asTma(initDataOf({ telegramId, firstName: '\u200b\u2060' })));
  expect(visit.body.username).toBe(String(telegramId));
});

test('a user whom an admin has linked is the same user in the Mini App', async () => {
  const telegramId = freshTelegramId();
  const { body } = await api.call('POST', '/api/admin/users', { username: 'anna', telegramId, locale: 'en' });
  expect((await getMe(asTma(initDataOf({ telegramId })))).body).toMatchObject({
    id: body.id,
    username: 'anna',
  });
});

test('first visits that race make one user', async () => {
  const headers = asTma(initDataOf({ telegramId: freshTelegramId() }));
  const visits = await Promise.all(Array.from({ length: 20 }, () => getMe(headers)));
  expect(new Set(visits.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(visits.map(({ body }) => body.id)).size).toBe(1);
});

test('a first visit that races with linking leaves the id with the linked account', async () => {
  for (let round = 0; round < 10; round += 1) {
    const telegramId = freshTelegramId();
    const { body: account } = await api.call('POST', '/api/admin/users', { username: 'anna' });
    const [linked, visit] = await Promise.all([
      api.call('PATCH', `/api/admin/users/${account.id}`, { telegramId }),
      getMe(asTma(initDataOf({ telegramId }))),
    ]);
    expect([linked.status, visit.status]).toEqual([200, 200]);
    expect((await getMe(asTma(initDataOf({ telegramId })))).body.id).toBe(account.id);
  }
});

/** An account of its own and a link to it, opened in the Mini App or given to the bot by `/start`. */
async function createLinkedAccount() {
  const { body: account } = await api.call('POST', '/api/admin/users', { username: 'olga' });
  const made = await createLinkToken(db, account.id, 1);
  if (made.kind !== 'made') throw new Error('There is no such user');
  return {
    id: account.id,
    openLink: async (telegramId: number) =>
      (await getMe(asTma(initDataOf({ telegramId }, { startParam: made.token })))).body,
    start: (telegramId: number) =>
      db.transaction().execute((trx) => linkByToken(trx, { token: made.token, telegramId })),
  };
}

test('a link token in the start parameter says whose account it is, once', async () => {
  const { id, openLink } = await createLinkedAccount();
  const [telegramId, stranger] = [freshTelegramId(), freshTelegramId()];
  const linked = { id, username: 'olga', telegramId, openedLink: 'linked' };
  expect(await openLink(telegramId)).toMatchObject(linked);
  expect(await openLink(telegramId)).toMatchObject(linked);
  const late = await openLink(stranger);
  expect(late).toMatchObject({ telegramId: stranger, openedLink: 'used' });
  expect(late.id).not.toBe(id);
  expect(await openLink(telegramId)).toMatchObject(linked);
});

test('a link that has expired is told as such', async () => {
  const { id, openLink } = await createLinkedAccount();
  await sql`update link_tokens set expires_at = now() where user_id = ${id}`.execute(db);
  expect(await openLink(freshTelegramId())).toMatchObject({ openedLink: 'expired' });
});

test('who opened the Mini App before, and has nothing in it, is linked by opening a link', async () => {
  const { id, openLink } = await createLinkedAccount();
  const { telegramId, call } = miniAppOf(api);
  await call('GET', '');
  expect(await openLink(telegramId)).toMatchObject({ id, openedLink: 'linked' });
});

test.each([
  [
    'an account of their own',
    (telegramId: number) => api.call('POST', '/api/admin/users', { username: 'zoe', telegramId }),
  ],
  ['tickets', (telegramId: number) => miniAppOf(api, { telegramId }).openTicket()],
  [
    'notifications of another helpdesk',
    (telegramId: number) =>
      api.call('POST', '/api/admin/notifications', { telegramId, ticketId: 77, subject: 'Parcel' }),
  ],
])('who has %s loses nothing by opening a link, and is linked by pressing Start', async (_what, give) => {
  const { id, openLink, start } = await createLinkedAccount();
  const telegramId = freshTelegramId();
  await give(telegramId);
  const { id: own } = (await miniAppOf(api, { telegramId }).call('GET', '')).body;
  for (let request = 1; request <= 2; request += 1) {
    expect(await openLink(telegramId)).toMatchObject({ id: own, telegramId, openedLink: 'needs_start' });
  }
  expect(await start(telegramId)).toMatchObject({ kind: 'linked' });
  expect(await openLink(telegramId)).toMatchObject({ id, openedLink: 'linked' });
});

test('who came by the Mini App first keeps their tickets when they are linked', async () => {
  const user = miniAppOf(api);
  const ticketId = await user.openTicket();
  const account = await createLinkedAccount();
  await account.start(user.telegramId);
  expect((await user.call('GET', `/tickets/${ticketId}`)).body).toMatchObject({ userId: account.id });
});

test('a ticket that is opened while its user is merged into their account is theirs afterwards', async () => {
  for (let round = 0; round < 15; round += 1) {
    const user = miniAppOf(api);
    await user.call('GET', '');
    const { body: account } = await api.call('POST', '/api/admin/users', { username: 'anna' });
    const ticket = { subject: 's', message: 'm' };
    const [opened, linked] = await Promise.all([
      user.call('POST', '/tickets', ticket),
      api.call('PATCH', `/api/admin/users/${account.id}`, { telegramId: user.telegramId }),
    ]);
    expect(linked.status).toBe(200);
    expect([201, 404]).toContain(opened.status);
    const { body } = await user.call('GET', '/tickets');
    expect(body.items.map((item: { id: number }) => item.id)).toEqual(
      opened.status === 201 ? [opened.body.id] : [],
    );
  }
});

test.each(['support_ticket_7', 'another_page', 'a'.repeat(43)])(
  'the start parameter %s links nobody and harms nobody',
  async (startParam) => {
    const telegramId = freshTelegramId();
    expect((await getMe(asTma(initDataOf({ telegramId }, { startParam })))).body).toMatchObject({
      telegramId,
    });
  },
);

test('opening the Mini App frees what waits for the user', async () => {
  const telegramId = freshTelegramId();
  const parked = await parkReplyTo(telegramId, 10);
  await getMe(asTma(initDataOf({ telegramId })));
  expect(await parked.status()).toBe('pending');
});

test('a Mini App that was open before the bot was blocked frees nothing', async () => {
  const telegramId = freshTelegramId();
  const parked = await parkReplyTo(telegramId, 10);
  await sql`
    update users set unreachable_reason = 'bot_blocked', updated_at = now() - interval '10 seconds'
    where telegram_id = ${telegramId}`.execute(db);
  await getMe(asTma(initDataOf({ telegramId }, { ageSeconds: 60 })));
  expect(await parked.status()).toBe('parked');
});

test('opening the Mini App ends what made the user unreachable, and a visit to a reachable user writes nothing', async () => {
  const telegramId = freshTelegramId();
  const { body } = await getMe(asTma(initDataOf({ telegramId })));
  const row = async () => {
    const { rows } = await sql<{ version: string; reason: string | null }>`
      select xmin::text as version, unreachable_reason as reason from users where id = ${body.id}`.execute(
      db,
    );
    return rows[0];
  };
  await sql`
    update users set unreachable_reason = 'bot_blocked', updated_at = now() - interval '10 seconds'
    where id = ${body.id}`.execute(db);
  await getMe(asTma(initDataOf({ telegramId })));
  const back = await row();
  expect(back?.reason).toBeNull();
  await getMe(asTma(initDataOf({ telegramId })));
  expect(await row()).toEqual(back);
});

test.each([
  ['no header', () => ({ authorization: '' })],
  ['nothing after the scheme', () => ({ authorization: 'tma ' })],
  ['an API key', () => bearer],
  ['no scheme', () => ({ authorization: initDataOf({ telegramId: 1 }) })],
  ['initData for another bot', () => asTma(initDataOf({ telegramId: 1 }, { token: '654321:another' }))],
  ['initData of the future', () => asTma(initDataOf({ telegramId: 1 }, { ageSeconds: -HOUR_S }))],
  ['initData for another person', () => asTma(initDataOf({ telegramId: 1 }).replace('%3A1%2C', '%3A2%2C'))],
  ['a second user', () => asTma(`${initDataOf({ telegramId: 1 })}&user=%7B%22id%22%3A2%7D`)],
  ['a text that is none', () => asTma('%')],
])('%s is refused', async (_what, headers) => {
  const refused = await getMe(headers());
  expect(refused).toMatchObject({
    status: 401,
    headers: {
      'www-authenticate': 'tma',
      'content-type': expect.stringContaining('application/problem+json'),
    },
    body: { code: 'init_data_invalid' },
  });
});

test('initData that is too old is refused, and the Mini App learns what helps', async () => {
  const aged = (ageSeconds: number) =>
    getMe(asTma(initDataOf({ telegramId: freshTelegramId() }, { ageSeconds })));
  expect(await aged(23 * HOUR_S)).toMatchObject({ status: 200 });
  expect(await aged(24 * HOUR_S + 5)).toMatchObject({
    status: 401,
    body: { code: 'init_data_expired', detail: expect.stringContaining('open it again') },
  });
});

test('how old it may be is configured', async () => {
  const strict = await openBeside(api, { INIT_DATA_TTL_HOURS: '1' });
  const headers = asTma(initDataOf({ telegramId: freshTelegramId() }, { ageSeconds: 2 * HOUR_S }));
  expect(await strict.call('GET', '/api/me', undefined, headers)).toMatchObject({ status: 401 });
});

test('without a bot nobody can be identified, and the answer says why', async () => {
  const botless = await openBeside(api, { BOT_TOKEN: '' });
  const headers = asTma(initDataOf({ telegramId: freshTelegramId() }));
  const answer = await botless.call('GET', '/api/me', undefined, headers);
  expect(answer).toMatchObject({ status: 503, body: { code: 'bot_not_configured' } });
});

test('an address that is none is refused without credentials too', async () => {
  expect(await api.call('GET', '/api/me/nothing', undefined, { authorization: '' })).toMatchObject({
    status: 401,
  });
  expect(await miniAppOf(api).call('GET', '/nothing')).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  });
});

test('a user mutes the bot, unmutes it, and chooses a language; what was not given stays', async () => {
  const { call } = miniAppOf(api);
  expect((await call('PATCH', '', { muted: true })).body).toMatchObject({ muted: true, locale: 'ru' });
  expect((await call('PATCH', '', { locale: 'en' })).body).toMatchObject({ muted: true, locale: 'en' });
  expect((await call('PATCH', '', { muted: false })).body).toMatchObject({ muted: false, locale: 'en' });
  expect((await call('GET', '')).body).toMatchObject({ muted: false, locale: 'en' });
});

test.each([
  ['muted as text', { muted: 'yes' }, 'muted'],
  ['a locale that is none', { locale: '../en' }, 'locale'],
  ['another field', { username: 'root' }, 'username'],
])('%s is refused', async (_what, body, path) => {
  expect(await miniAppOf(api).call('PATCH', '', body)).toMatchObject({
    status: 400,
    body: { errors: [{ path }] },
  });
});

test('muting withdraws what waits', async () => {
  const user = miniAppOf(api);
  const ticketId = await user.openTicket();
  const reply = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
  await user.call('PATCH', '', { muted: true });
  const { body } = await api.call('GET', `/api/admin/notifications/${reply.body.notification.id}`);
  expect(body).toMatchObject({ status: 'withdrawn', reason: 'muted' });
});

test.each([
  [
    'writes in a ticket',
    (id: number) => ['POST', `/tickets/${id}/messages`, { message: 'Hello?' }, 201] as const,
  ],
  ['opens a ticket', () => ['POST', '/tickets', { subject: 'New', message: 'Hello?' }, 201] as const],
  ['mutes the bot', () => ['PATCH', '', { muted: true }, 200] as const],
])('whoever %s while they are merged does so as the account', async (_, request) => {
  const visitor = miniAppOf(api);
  const ticketId = await visitor.openTicket();
  const { body: account } = await api.call('POST', '/api/admin/users', { username: 'olga' });
  const made = await createLinkToken(db, account.id, 1);
  if (made.kind !== 'made') throw new Error('There is no such user');
  const [method, path, body, status] = request(ticketId);

  const { answer } = await db.transaction().execute(async (trx) => {
    await linkByToken(trx, { token: made.token, telegramId: visitor.telegramId });
    const sent = visitor.call(method, path, body);
    await expect.poll(() => countWaiting(db)).toBe(1);
    return { answer: sent };
  });
  expect(await answer).toMatchObject({ status });
  expect((await visitor.call('GET', '')).body.id).toBe(account.id);
  const { body: thread } = await visitor.call('GET', `/tickets/${ticketId}`);
  expect(thread.userId).toBe(account.id);
});
