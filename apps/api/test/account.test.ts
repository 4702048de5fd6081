import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createAdmin, password, sessionOf, signIn } from './signed-in.ts';
import { useTestApp } from './test-app.ts';

const newPassword = 'another long password';

const api = await useTestApp();

type Call = Awaited<ReturnType<typeof sessionOf>>;

const changePassword = (call: Call, currentPassword: string, wanted = newPassword) =>
  call('PUT', '/api/account/password', {}, { currentPassword, newPassword: wanted });

const isSignedIn = async (call: Call) => (await call('GET', '/api/session')).statusCode === 200;

const sessionsOf = async (call: Call) => (await call('GET', '/api/account/sessions')).json().items;

test('an admin changes their password: they stay signed in by a new cookie, and nobody else does', async () => {
  const email = 'changing@example.com';
  const id = await createAdmin(api, email, 'agent');
  const [here, elsewhere] = [await sessionOf(api, email), await sessionOf(api, email)];
  const [{ id: oldSession }] = (await sessionsOf(here)).filter((one: { current: boolean }) => one.current);

  expect((await changePassword(here, password)).statusCode).toBe(204);
  expect(await isSignedIn(elsewhere)).toBe(false);
  expect(await sessionsOf(here)).toEqual([expect.objectContaining({ current: true })]);
  expect((await sessionsOf(here))[0].id).not.toBe(oldSession);
  expect((await signIn(api, email)).statusCode).toBe(401);
  expect((await signIn(api, email, newPassword)).statusCode).toBe(200);

  const { body: audit } = await api.call('GET', `/api/admin/audit?actor=admin:${id}&subject=admin:${id}`);
  expect(audit.items).toContainEqual(
    expect.objectContaining({ action: 'admin.update', detail: { password: 'changed' } }),
  );
  expect(JSON.stringify(audit)).not.toContain(newPassword);
});

test('whoever doesn’t know the current password changes nothing, and is not signed out for it', async () => {
  const email = 'forgetful@example.com';
  await createAdmin(api, email, 'agent');
  const call = await sessionOf(api, email);
  const refused = await changePassword(call, 'not the password');
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'wrong_password']);
  const short = await changePassword(call, password, 'short');
  expect(short.json()).toMatchObject({ code: 'validation_failed', errors: [{ path: 'newPassword' }] });
  expect(await isSignedIn(call)).toBe(true);
  expect((await signIn(api, email)).statusCode).toBe(200);
});

test('of two changes that race one is made', async () => {
  const email = 'racing@example.com';
  await createAdmin(api, email, 'agent');
  const calls = [await sessionOf(api, email), await sessionOf(api, email)];
  const answers = await Promise.all(calls.map((call, i) => changePassword(call, password, newPassword + i)));
  expect(answers.filter(({ statusCode }) => statusCode === 204)).toHaveLength(1);
  const winner = answers.findIndex(({ statusCode }) => statusCode === 204);
  expect((await signIn(api, email, newPassword + winner)).statusCode).toBe(200);
});

test('guesses at the current password count together with attempts to sign in', async () => {
  const email = 'guessed@example.com';
  await createAdmin(api, email, 'agent');
  const call = await sessionOf(api, email);
  for (let guess = 1; guess <= 10; guess += 1) {
    expect((await changePassword(call, `guess number ${guess}`)).statusCode).toBe(403);
  }
  const stopped = await changePassword(call, password);
  expect([stopped.statusCode, stopped.json().code]).toEqual([429, 'too_many_sign_ins']);
  expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(800);
  expect((await signIn(api, email)).statusCode).toBe(429);
});

test('who knows the current password may change it as often as they like', async () => {
  const email = 'undecided@example.com';
  await createAdmin(api, email, 'agent');
  const call = await sessionOf(api, email);
  await sql`
    insert into sign_in_attempts values (${`account:${email}`}, 9, now() + interval '1 minute')`.execute(
    api.db,
  );
  expect((await changePassword(call, password)).statusCode).toBe(204);
  expect((await changePassword(call, newPassword, password)).statusCode).toBe(204);
});

test('an admin sees where they are signed in, page by page, and nobody else’s sessions', async () => {
  const email = 'browsing@example.com';
  await createAdmin(api, email, 'agent');
  await createAdmin(api, 'neighbour@example.com', 'agent');
  await sessionOf(api, 'neighbour@example.com');
  const phone = await sessionOf(api, email, { 'user-agent': 'A phone' });
  const desk = await sessionOf(api, email, { 'user-agent': '' });
  expect(await sessionsOf(phone)).toEqual([
    expect.objectContaining({ userAgent: null, current: false }),
    {
      id: expect.any(Number),
      current: true,
      userAgent: 'A phone',
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      expiresAt: expect.any(String),
    },
  ]);
  const first = (await desk('GET', '/api/account/sessions?limit=1')).json();
  expect(first.items).toMatchObject([{ current: true }]);
  const second = (await desk('GET', `/api/account/sessions?limit=1&cursor=${first.nextCursor}`)).json();
  expect(second).toMatchObject({ items: [{ userAgent: 'A phone', current: false }], nextCursor: null });
});

test('a session that is used again after an hour is noted as used, and has another week', async () => {
  const id = await createAdmin(api, 'returning@example.com', 'agent');
  const call = await sessionOf(api, 'returning@example.com');
  await sql`
    update admin_sessions set
      updated_at = now() - interval '61 minutes', expires_at = now() + interval '7 days' - interval '61 minutes'
    where user_id = ${id}`.execute(api.db);
  const before = Date.now();
  expect((await call('GET', '/api/session')).cookies).toMatchObject([{ maxAge: 7 * 24 * 60 * 60 }]);
  const [session] = await sessionsOf(call);
  expect(Date.parse(session.lastUsedAt)).toBeGreaterThanOrEqual(before - 1_000);
  expect(Date.parse(session.expiresAt)).toBeGreaterThan(before + 7 * 24 * 3_600_000 - 60_000);
  expect((await call('GET', '/api/session')).cookies).toEqual([]);
});

test('what is stored of a session signs nobody in', async () => {
  const id = await createAdmin(api, 'copied@example.com', 'agent');
  const call = await sessionOf(api, 'copied@example.com');
  const { token } = await api.db
    .selectFrom('admin_sessions')
    .select('token')
    .where('user_id', '=', id)
    .executeTakeFirstOrThrow();
  const forged = createHmac('sha256', 'another secret').update(token).digest('base64');
  for (const value of [token, `${token}.`, `${token}.${forged}`]) {
    const cookies = { 'replybell.session_token': value };
    expect((await api.app.inject({ url: '/api/session', cookies })).statusCode).toBe(401);
  }
  expect(await isSignedIn(call)).toBe(true);
});

test('an admin ends one session, or all but their own; another’s stays', async () => {
  const email = 'leaving@example.com';
  const id = await createAdmin(api, email, 'agent');
  await createAdmin(api, 'staying@example.com', 'agent');
  const other = await sessionOf(api, 'staying@example.com');
  const [theirs] = await sessionsOf(other);
  const here = await sessionOf(api, email);
  const elsewhere = [await sessionOf(api, email), await sessionOf(api, email), await sessionOf(api, email)];
  const [newest] = await sessionsOf(here);

  expect((await here('DELETE', `/api/account/sessions/${newest.id}`)).statusCode).toBe(204);
  for (const gone of [newest.id, theirs.id]) {
    const refused = await here('DELETE', `/api/account/sessions/${gone}`);
    expect([refused.statusCode, refused.json().code]).toEqual([404, 'session_not_found']);
  }
  expect(await Promise.all(elsewhere.map(isSignedIn))).toEqual([true, true, false]);
  expect((await here('DELETE', '/api/account/sessions')).json()).toEqual({ ended: 2 });
  expect(await Promise.all([here, other, ...elsewhere].map(isSignedIn))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  const { body: audit } = await api.call('GET', `/api/admin/audit?subject=admin:${id}`);
  expect(audit.items.slice(0, 2)).toMatchObject([
    { action: 'session.end', detail: { ended: 2 } },
    { action: 'session.end', detail: { session: newest.id } },
  ]);
});

test('keys have no account, and other sites’ pages change none', async () => {
  const { body: key } = await api.call('POST', '/api/admin/api-keys', { name: 'Shop', role: 'owner' });
  const withKey = { authorization: `Bearer ${key.secret}` };
  await createAdmin(api, 'framed@example.com', 'agent');
  const call = await sessionOf(api, 'framed@example.com');
  for (const [method, url] of [
    ['GET', '/api/account/sessions'],
    ['DELETE', '/api/account/sessions'],
    ['DELETE', '/api/account/sessions/1'],
    ['PUT', '/api/account/password'],
  ] as const) {
    for (const headers of [{}, withKey]) {
      expect(await api.call(method, url, undefined, headers)).toMatchObject({
        status: 403,
        body: { code: 'session_only' },
      });
    }
    expect((await api.app.inject({ method, url })).statusCode).toBe(401);
    if (method === 'GET') continue;
    const framed = await call(method, url, { 'sec-fetch-site': 'cross-site' });
    expect(framed.json()).toMatchObject({ code: 'cross_site_request' });
  }
});
