import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { bearer, openBeside, useTestApp } from './test-app.ts';

const api = await useTestApp();
const { ticketId } = await api.openTicket();
const replies = `/api/admin/tickets/${ticketId}/replies`;

test.each([
  'I <3 you & "you" \'too\'',
  '</b><script>alert(1)</script>',
  '👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301',
  'עברית \u202Eright to left\u202C \u200F',
  ' leading and trailing \n\t',
  '\uFFFD \uFFFE \u0001 \u007F',
  "'; DROP TABLE users; -- $1 %s {{7*7}}",
  'a'.repeat(10_000),
])('%j is stored exactly as written', async (message) => {
  const stored = await api.call('POST', replies, { message });
  expect(stored).toMatchObject({ status: 201, body: { reply: { message } } });
  const subject = message.slice(0, 1_000);
  const { userId } = await api.openTicket();
  const opened = await api.call('POST', '/api/admin/tickets', { userId, subject, message });
  const found = await api.call('GET', `/api/admin/tickets/${opened.body.id}`);
  expect(found.body).toMatchObject({ subject, messages: [{ message }] });
});

test.each([
  ['{"message":"a\\u0000b"}', 'U+0000'],
  ['{"message":"a\\ud800b"}', 'lone surrogate'],
  ['{"message":"\\udc00"}', 'lone surrogate'],
  ['{"message":" \\n\\u00a0"}', 'blank'],
  ['{"message":"\\u200b\\u2060"}', 'blank'],
  ['{"message":"\\u3164"}', 'blank'],
  ['{"message":"\\u2800 \\u0001"}', 'blank'],
  ['{"message":""}', 'empty'],
  [JSON.stringify({ message: 'a'.repeat(10_001) }), 'characters'],
  ['{"message":1}', 'string'],
  ['{"message":null}', 'string'],
  ['{}', 'required'],
])('%.40s is refused with a word about the field', async (body, word) => {
  const refused = await api.call('POST', replies, body);
  expect(refused).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  expect(refused.body.errors).toEqual([{ path: 'message', message: expect.stringContaining(word) }]);
});

test.each([
  ['[]', 'validation_failed'],
  ['"text"', 'validation_failed'],
  ['null', 'validation_failed'],
  ['', 'validation_failed'],
  ['{"message":', 'malformed_request'],
  ['{"message":"a","__proto__":{"admin":true}}', 'malformed_request'],
  ['{"message":"a","constructor":{"prototype":{}}}', 'malformed_request'],
  [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'validation_failed'],
  ['{"message":"a","status":"closed"}', 'validation_failed'],
])('the body %.40s is a 400 as problem details', async (body, code) => {
  const refused = await api.call('POST', replies, body);
  expect(refused).toMatchObject({ status: 400, body: { code, status: 400, title: 'Bad Request' } });
  expect(refused.headers['content-type']).toBe('application/problem+json');
});

test.each(['[]', 'null', ''])('what the body %j should be is said', async (body) => {
  expect((await api.call('POST', replies, body)).body.errors).toEqual([
    { path: '', message: expect.stringContaining('send a JSON object') },
  ]);
});

test('an empty body that is called JSON is no body', async () => {
  const { body: key } = await api.call('POST', '/api/admin/api-keys', { name: 'Shop', role: 'agent' });
  expect((await api.call('DELETE', `/api/admin/api-keys/${key.id}`, '')).status).toBe(200);
  expect((await api.call('POST', '/api/admin/delivery/resume', '')).status).toBe(200);
});

test('a body of 10 MB is 413', async () => {
  const refused = await api.call('POST', replies, { message: 'a'.repeat(10_000_000) });
  expect(refused).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
  'a body sent as %s is 415',
  async (type) => {
    const refused = await api.call('POST', replies, 'message=a', { 'content-type': type });
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  },
);

test.each(['gzip', 'deflate', 'br', 'x', 'identity, gzip'])(
  'a body that says to be encoded as %s is 415, even if it is not',
  async (encoding) => {
    const refused = await api.call('POST', replies, { message: 'a' }, { 'content-encoding': encoding });
    expect(refused).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    expect(refused.body.detail).toContain('content-encoding');
  },
);

test.each(['identity', 'Identity', ''])('the content encoding %j is none', async (encoding) => {
  const stored = await api.call('POST', replies, { message: 'a' }, { 'content-encoding': encoding });
  expect(stored.status).toBe(201);
});

test.each([
  '/nothing',
  '/api',
  '/api/admin',
  '/api/admin/nothing',
  '/api/admin/users/1/../2/x',
  '/%zz',
  '/admin/queues/x/y/z',
])('the address %s answers with problem details', async (url) => {
  const { status, headers } = await api.call('GET', url);
  expect([400, 404]).toContain(status);
  expect(headers['content-type']).toBe('application/problem+json');
});

test('the request id of a proxy is used if it is a plain one', async () => {
  const plain = await api.call('GET', '/healthz', undefined, { 'x-request-id': 'proxy_1-a' });
  expect(plain.headers['x-request-id']).toBe('proxy_1-a');
  for (const id of ['a'.repeat(65), 'a b', '<script>', '']) {
    const other = await api.call('GET', '/healthz', undefined, { 'x-request-id': id });
    expect(other.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test.each([
  [Buffer.from('7b226d657373616765223a2261ff62227d', 'hex'), 'application/json', 400],
  [Buffer.from('7b226d657373616765223a22eda080227d', 'hex'), 'application/json', 400],
  [Buffer.from('{"message":"caf\xe9"}', 'latin1'), 'application/json; charset=iso-8859-1', 415],
])(
  'bytes that are no UTF-8 are refused and not stored as something else (%#)',
  async (payload, type, status) => {
    const response = await api.app.inject({
      method: 'POST',
      url: replies,
      headers: { ...bearer, 'content-type': type },
      payload,
    });
    expect(response.statusCode).toBe(status);
  },
);

test('UTF-8 may be named', async () => {
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  expect((await api.call('POST', replies, { message: 'привет' }, headers)).status).toBe(201);
});

const password = 'a long enough password';

test.each([
  ['POST', '/api/session', { email: 'a\0@example.com', password }],
  ['POST', '/api/admin/admins', { email: 'a\0@example.com', name: 'Eve', password, role: 'agent' }],
  ['POST', '/api/admin/admins', { email: '\ud800@example.com', name: 'Eve', password, role: 'agent' }],
  ['POST', '/api/admin/admins', { email: 'a@example.com', name: '\ud800', password, role: 'agent' }],
  ['GET', '/api/admin/audit?actor=%00', undefined],
  ['GET', '/api/admin/audit?subject=%00', undefined],
] as const)('what PostgreSQL can not store is a 400: %s %s (%#)', async (method, url, body) => {
  const refused = await api.call(method, url, body);
  expect(refused).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
});

test('text that no schema stopped and PostgreSQL can not store is a 400 too', async () => {
  const other = await openBeside(api);
  other.app.get('/text', () => sql`select ${'a\0'}::text`.execute(other.db));
  other.app.get('/json', () => sql`select ${'"\\u0000"'}::jsonb ->> 0`.execute(other.db));
  for (const url of ['/text', '/json']) {
    expect(await other.call('GET', url)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  }
});
