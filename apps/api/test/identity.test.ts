import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createAdmin, password, sessionOf, signIn } from './signed-in.ts';
import { apiKey, openBeside, useTestApp } from './test-app.ts';

const api = await useTestApp();

test('an admin signs in, is known by the cookie, and signs out', async () => {
  const id = await createAdmin(api, 'Agent@example.com', 'agent');
  const answer = await signIn(api, 'agent@EXAMPLE.com');
  expect(answer.json()).toEqual({ kind: 'admin', id, name: 'Agent@example.com', role: 'agent' });
  expect(answer.cookies).toMatchObject([{ httpOnly: true, sameSite: 'Lax', path: '/' }]);

  const call = await sessionOf(api, 'agent@example.com');
  expect((await call('GET', '/api/session')).json()).toMatchObject({ kind: 'admin', id });
  expect((await call('GET', '/api/admin/tickets')).statusCode).toBe(200);
  const signedOut = await call('DELETE', '/api/session');
  expect(signedOut.statusCode).toBe(204);
  expect(signedOut.cookies).toContainEqual(
    expect.objectContaining({ name: 'replybell.session_token', maxAge: 0 }),
  );
  expect((await call('GET', '/api/admin/tickets')).statusCode).toBe(401);

  // There is nothing left to end.
  await call('DELETE', '/api/session');
  const { body: trail } = await api.call('GET', `/api/admin/audit?actor=admin:${id}`);
  expect(trail.items).toMatchObject([
    { action: 'session.end', subject: `admin:${id}`, detail: { session: expect.any(Number) } },
    { action: 'session.create' },
    { action: 'session.create' },
  ]);
});

test('signing in anew ends the session that the browser had, whoever’s it was', async () => {
  const formerId = await createAdmin(api, 'former@example.com', 'agent');
  const nextId = await createAdmin(api, 'next@example.com', 'agent');
  const elsewhere = await sessionOf(api, 'former@example.com');
  const { cookies } = await signIn(api, 'former@example.com');
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const isKnown = async () => (await api.app.inject({ url: '/api/session', headers: { cookie } })).statusCode;

  expect((await signIn(api, 'next@example.com', 'a wrong password', { cookie })).statusCode).toBe(401);
  expect(await isKnown()).toBe(200);
  const answer = await signIn(api, 'next@example.com', password, { cookie });
  expect(answer.json()).toMatchObject({ id: nextId });
  expect(await isKnown()).toBe(401);
  expect((await elsewhere('GET', '/api/session')).statusCode).toBe(200);
  const { body: trail } = await api.call('GET', `/api/admin/audit?actor=admin:${formerId}`);
  expect(trail.items[0]).toMatchObject({ action: 'session.end', subject: `admin:${formerId}` });
});

test.each(['::', '::1', 'fe80::1%lo'])('an admin signs in to an API that listens on %s', async (API_HOST) => {
  const beside = await openBeside(api, { API_HOST });
  const email = `at-${Buffer.from(API_HOST).toString('hex')}@example.com`;
  await createAdmin(api, email, 'agent');
  expect((await signIn(beside, email)).statusCode).toBe(200);
});

test.each([
  ['nobody@example.com', password],
  ['wrong@example.com', 'another password'],
])('%s with a password that is not theirs is refused, and nothing more is told', async (email, given) => {
  if (email.startsWith('wrong')) await createAdmin(api, email, 'agent');
  const refused = await signIn(api, email, given);
  expect(refused.statusCode).toBe(401);
  expect(refused.json()).toMatchObject({ code: 'wrong_credentials' });
  expect(refused.cookies).toEqual([]);
});

test.each([
  'root@localhost',
  'a@b',
  'x..y@example.com',
  '"q"@example.com',
  'анна@example.com',
  'a@пример.рф',
])('no admin is made who could never sign in: %s', async (email) => {
  const admin = { email, name: 'Eve', password, role: 'agent' };
  expect(await api.call('POST', '/api/admin/admins', admin)).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'email' }] },
  });
});

test('a password is measured as the sign-in measures it', async () => {
  const create = (given: string) =>
    api.call('POST', '/api/admin/admins', {
      email: 'emoji@example.com',
      name: 'E',
      password: given,
      role: 'agent',
    });
  for (const wrong of ['👩‍👩‍👧‍👦'.repeat(12), 'a'.repeat(129), 'a'.repeat(11)]) {
    expect(await create(wrong)).toMatchObject({ status: 400, body: { errors: [{ path: 'password' }] } });
  }
  const longest = '👩‍👩‍👧‍👦'.repeat(11);
  expect((await create(longest)).status).toBe(201);
  expect((await signIn(api, 'emoji@example.com', longest)).statusCode).toBe(200);
});

test('only an owner manages admins and keys and reads the audit trail', async () => {
  await createAdmin(api, 'worker@example.com', 'agent');
  await createAdmin(api, 'boss@example.com', 'owner');
  const [agent, owner] = [
    await sessionOf(api, 'worker@example.com'),
    await sessionOf(api, 'boss@example.com'),
  ];
  for (const [method, url] of [
    ['GET', '/api/admin/admins'],
    ['POST', '/api/admin/admins'],
    ['PATCH', '/api/admin/admins/1'],
    ['GET', '/api/admin/api-keys'],
    ['POST', '/api/admin/api-keys'],
    ['DELETE', '/api/admin/api-keys/1'],
    ['GET', '/api/admin/audit'],
  ] as const) {
    const refused = await agent(method, url);
    expect([url, refused.statusCode, refused.json().code]).toEqual([url, 403, 'owner_only']);
    expect((await owner(method, url)).statusCode).not.toBe(403);
  }
});

test.each([
  ['disabled', { disabled: true }],
  ['given another password', { password: 'another long password' }],
])('an admin who is %s is signed out at once', async (what, changes) => {
  const email = `${what.replaceAll(' ', '-')}@example.com`;
  const id = await createAdmin(api, email, 'agent');
  const call = await sessionOf(api, email);
  expect((await api.call('PATCH', `/api/admin/admins/${id}`, changes)).status).toBe(200);
  expect((await call('GET', '/api/admin/tickets')).statusCode).toBe(401);
  expect((await signIn(api, email)).statusCode).toBe(401);
  await api.call('PATCH', `/api/admin/admins/${id}`, { disabled: false, password });
  expect((await signIn(api, email)).statusCode).toBe(200);
});

test('an owner who is made an agent has an agent’s rights at once, also where they are signed in', async () => {
  const id = await createAdmin(api, 'demoted@example.com', 'owner');
  const call = await sessionOf(api, 'demoted@example.com');
  expect((await call('GET', '/api/admin/audit')).statusCode).toBe(200);
  expect((await api.call('PATCH', `/api/admin/admins/${id}`, { role: 'agent' })).status).toBe(200);
  expect((await call('GET', '/api/admin/audit')).json()).toMatchObject({ code: 'owner_only' });
  expect((await call('GET', '/api/admin/tickets')).statusCode).toBe(200);
});

test('with a cookie, changes are taken from pages of this server only', async () => {
  await createAdmin(api, 'csrf@example.com', 'agent');
  const call = await sessionOf(api, 'csrf@example.com');
  const user = { username: 'anna' };
  for (const [headers, expected] of [
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 201],
  ] as const) {
    expect((await call('POST', '/api/admin/users', headers, user)).statusCode).toBe(expected);
  }
  expect((await call('GET', '/api/admin/tickets', { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(200);
  // No browser adds a key by itself.
  const withKey = await api.call('POST', '/api/admin/users', user, { 'sec-fetch-site': 'cross-site' });
  expect(withKey.status).toBe(201);
  expect(
    (await signIn(api, 'csrf@example.com', password, { 'sec-fetch-site': 'cross-site' })).statusCode,
  ).toBe(403);
});

test('guesses at one account are stopped after ten, also those that race, and the right password too', async () => {
  await createAdmin(api, 'target@example.com', 'owner');
  const guesses = await Promise.all(
    Array.from({ length: 20 }, () => signIn(api, 'target@example.com', 'wrong')),
  );
  const statuses = guesses.map((guess) => guess.statusCode);
  expect(statuses.filter((status) => status === 401)).toHaveLength(10);
  const stopped = await signIn(api, 'TARGET@example.com');
  expect(stopped).toMatchObject({ statusCode: 429 });
  expect(stopped.json()).toMatchObject({ code: 'too_many_sign_ins' });
  expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(800);
});

test('one address has fifty attempts over all accounts; an IPv6 network counts as one address', async () => {
  let stoppedAt = 0;
  for (let count = 1; stoppedAt === 0 && count <= 60; count += 1) {
    const guess = await signIn(
      api,
      `spray${count}@example.com`,
      'wrong',
      {},
      `2001:db8::${count.toString(16)}`,
    );
    if (guess.statusCode === 429) stoppedAt = count;
  }
  expect(stoppedAt).toBe(51);
  expect((await signIn(api, 'spray99@example.com', 'wrong', {}, '2001:db8:0:1::1')).statusCode).toBe(401);
});

test('right passwords use up no attempts of their network, whose count begins anew after its window', async () => {
  const email = 'one-of-many@example.com';
  await createAdmin(api, email, 'agent');
  const enter = async () => (await signIn(api, email, password, {}, '203.0.113.7')).statusCode;
  await sql`
    insert into sign_in_attempts values ('address:203.0.113.7', 49, now() + interval '1 minute')`.execute(
    api.db,
  );
  expect([await enter(), await enter()]).toEqual([200, 200]);
  await sql`
    update sign_in_attempts set attempts = 50, window_ends_at = now() where subject = 'address:203.0.113.7'`.execute(
    api.db,
  );
  expect(await enter()).toBe(200);
});

test('a local address, such as a proxy’s that nobody declared, keeps nobody out: accounts have their own count', async () => {
  const email = 'behind-the-proxy@example.com';
  await createAdmin(api, email, 'agent');
  for (let count = 0; count < 51; count += 1) {
    const { statusCode } = await signIn(api, `guess${count}@example.com`, 'wrong', {}, '172.18.0.1');
    expect(statusCode).toBe(401);
  }
  expect((await signIn(api, email, password, {}, '172.18.0.1')).statusCode).toBe(200);
}, 20_000);

test('guesses that come all at once are refused early, and uncounted, beyond what a process can look at', async () => {
  const email = 'guessed-at@example.com';
  await createAdmin(api, email, 'agent');
  const guesses = Array.from({ length: 26 }, () => signIn(api, email, 'wrong', {}, '172.18.0.1'));
  const answers = await Promise.all(guesses);
  const refused = answers.filter(({ statusCode }) => statusCode === 503);
  expect(refused).toHaveLength(10);
  expect(refused[0]?.json()).toMatchObject({ code: 'overloaded' });
  expect(refused[0]?.headers['retry-after']).toBeDefined();
  const { attempts } = await api.db
    .selectFrom('sign_in_attempts')
    .select('attempts')
    .where('subject', '=', `account:${email}`)
    .executeTakeFirstOrThrow();
  expect(attempts).toBeLessThanOrEqual(16);
}, 20_000);

test('an API key is told once, works by its role, and ends when it is revoked', async () => {
  const created = await api.call('POST', '/api/admin/api-keys', { name: 'Shop', role: 'agent' });
  expect(created).toMatchObject({
    status: 201,
    body: { name: 'Shop', secret: expect.stringMatching(/^rb_.{43}$/) },
  });
  const { id, secret } = created.body;
  const withKey = { authorization: `Bearer ${secret}` };
  expect((await api.call('GET', '/api/session', undefined, withKey)).body).toEqual({
    kind: 'api_key',
    id,
    name: 'Shop',
    role: 'agent',
  });
  expect((await api.call('POST', '/api/admin/users', { username: 'anna' }, withKey)).status).toBe(201);
  expect((await api.call('GET', '/api/admin/api-keys', undefined, withKey)).status).toBe(403);

  const listed = await api.call('GET', '/api/admin/api-keys');
  expect(JSON.stringify(listed.body)).not.toContain(secret);
  expect(listed.body.items[0]).toMatchObject({ id, start: secret.slice(0, 9), revokedAt: null });
  expect(Date.parse(listed.body.items[0].lastUsedAt)).toBeGreaterThan(Date.now() - 60_000);

  expect((await api.call('DELETE', `/api/admin/api-keys/${id}`)).body.revokedAt).not.toBeNull();
  await expect
    .poll(async () => (await api.call('GET', '/api/session', undefined, withKey)).status, { timeout: 4_000 })
    .toBe(401);
});

test('a key that has expired, and what only looks like a key, is refused', async () => {
  const past = await api.call('POST', '/api/admin/api-keys', {
    name: 'Old',
    role: 'owner',
    expiresAt: '2020-01-01T00:00:00Z',
  });
  expect(past).toMatchObject({ status: 400, body: { errors: [{ path: 'expiresAt' }] } });
  const far = { name: 'Far', role: 'owner', expiresAt: '9999-12-31T23:59:59-23:59' };
  expect(await api.call('POST', '/api/admin/api-keys', far)).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'expiresAt' }] },
  });
  const soon = new Date(Date.now() + 300).toISOString();
  const brief = await api.call('POST', '/api/admin/api-keys', {
    name: 'Brief',
    role: 'owner',
    expiresAt: soon,
  });
  const withKey = { authorization: `Bearer ${brief.body.secret}` };
  await expect
    .poll(async () => (await api.call('GET', '/api/session', undefined, withKey)).status, { timeout: 4_000 })
    .toBe(401);
  // It was trusted meanwhile, but not beyond its end.
  expect(Date.now() - Date.parse(soon)).toBeLessThan(1_000);
  const guess = { authorization: `Bearer rb_${'A'.repeat(43)}` };
  expect((await api.call('GET', '/api/session', undefined, guess)).status).toBe(401);
});

test('the key of the environment is an owner', async () => {
  expect((await api.call('GET', '/api/session')).body).toEqual({
    kind: 'environment_key',
    id: null,
    name: 'ADMIN_API_KEY',
    role: 'owner',
  });
});

test('a browser is led to sign in and comes back by its cookie; whoever has a key can be asked for it', async () => {
  const visit = { accept: 'text/html,*/*' };
  for (const url of ['/admin/queues', '/docs']) {
    const led = await api.app.inject({ url, headers: visit });
    expect([led.statusCode, led.headers.location]).toEqual([
      302,
      `/admin/sign-in?to=${encodeURIComponent(url)}`,
    ]);
    const asked = await api.app.inject({ url: `${url}?with=key`, headers: visit });
    expect(asked.statusCode).toBe(401);
    expect(asked.headers['www-authenticate']).toMatch(/^Basic /);
  }
  const page = await api.app.inject({ url: '/admin/sign-in', headers: visit });
  expect(page.body).toContain('type="password"');
  await createAdmin(api, 'visitor@example.com', 'agent');
  const call = await sessionOf(api, 'visitor@example.com');
  for (const url of ['/admin/queues', '/docs', '/openapi.json']) {
    expect((await call('GET', url, visit)).statusCode).toBe(200);
  }
});

test('the description is read at /docs alone: who asks with a key, or any other query, ends there', async () => {
  const authorization = `Basic ${Buffer.from(`anyone:${apiKey}`).toString('base64')}`;
  const visit = (url: string) => api.app.inject({ url, headers: { accept: 'text/html,*/*', authorization } });
  for (const [asked, path] of [
    ['/docs?with=key', '/docs'],
    ['/docs/?a=/b', '/docs/'],
  ] as const) {
    const led = await visit(asked);
    expect([led.statusCode, led.headers.location], asked).toEqual([302, path]);
    const page = await visit(path);
    expect([page.statusCode, page.headers['content-type']], path).toEqual([200, 'text/html; charset=utf-8']);
  }
  expect((await visit('/docs/json?a=b')).json()).toMatchObject({ openapi: '3.1.0' });
});

test('the start page asks to sign in; who has signed in finds the way on, until they sign out', async () => {
  const start = await api.app.inject({ url: '/' });
  expect([start.statusCode, start.headers.location]).toEqual([302, '/admin/sign-in']);
  await createAdmin(api, 'wanderer@example.com', 'agent');
  const call = await sessionOf(api, 'wanderer@example.com');
  const page = await call('GET', '/admin/sign-in');
  expect(page.body).not.toContain('type="email"');
  expect(page.body).toMatch(/href="\/admin\/queues"[\s\S]*href="\/docs"[\s\S]*Sign out/);
  expect(page.headers['cache-control']).toBe('no-store');
  for (const [, url = ''] of page.body.matchAll(/(?:href|src)="(\/admin\/sign-in\/[^"]+)"/g)) {
    const loaded = await call('GET', url);
    expect(loaded.statusCode, url).toBe(200);
    for (const [, module = ''] of loaded.body.matchAll(/^import .*'\.\/(.+)';$/gm)) {
      expect((await call('GET', `/admin/sign-in/${module}`)).statusCode, module).toBe(200);
    }
  }
  expect((await call('DELETE', '/api/session')).statusCode).toBe(204);
  expect((await call('GET', '/admin/sign-in')).body).toContain('type="email"');
});

test('behind https the cookie is secure, and a page of the public address is one of this server', async () => {
  const secure = await openBeside(api, { PUBLIC_URL: 'https://support.example.com' });
  await createAdmin(api, 'secure@example.com', 'agent');
  const answer = await secure.app.inject({
    method: 'POST',
    url: '/api/session',
    headers: { origin: 'https://support.example.com', host: '127.0.0.1:3000' },
    payload: { email: 'secure@example.com', password },
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.cookies).toMatchObject([{ name: expect.stringMatching(/^__Secure-/), secure: true }]);
  const cookies = Object.fromEntries(answer.cookies.map(({ name, value }) => [name, value]));
  expect((await secure.app.inject({ url: '/api/session', cookies })).statusCode).toBe(200);
});
