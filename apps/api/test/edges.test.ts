import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { networkOf } from '../src/edges/network-of.ts';
import { botToken, miniAppOf } from './mini-app.ts';
import { openBeside, type TestApp, useTestApp } from './test-app.ts';

const api = await useTestApp();

const ping = '/api/admin/delivery';
const wrong = { authorization: 'Bearer wrong' };

test('answers can neither be framed nor run as a page', async () => {
  const { headers } = await api.call('GET', ping);
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'strict-transport-security': 'max-age=31536000',
    'referrer-policy': 'no-referrer',
  });
});

test.each(['/docs', '/docs/static/index.html', '/admin/queues'])(
  '%s may load what is its own',
  async (url) => {
    const { headers } = await api.call('GET', url);
    expect(headers['content-security-policy']).toContain(
      "default-src 'self'; style-src 'self' 'unsafe-inline'",
    );
  },
);

test('pages of other origins are let in only where it is configured', async () => {
  const preflight = {
    origin: 'https://panel.example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  const call = ({ app }: TestApp, headers: Record<string, string>) =>
    app.inject({ method: 'OPTIONS', url: ping, headers });
  expect((await call(api, preflight)).headers).not.toHaveProperty('access-control-allow-origin');

  const configured = await openBeside(api, {
    CORS_ORIGINS: 'https://panel.example.com, https://other.example',
  });
  const allowed = await call(configured, preflight);
  expect(allowed.statusCode).toBe(204);
  expect(allowed.headers['access-control-allow-origin']).toBe('https://panel.example.com');
  expect(allowed.headers).not.toHaveProperty('access-control-allow-credentials');
  const answered = await configured.call('GET', ping, undefined, { origin: preflight.origin });
  expect(answered.headers['access-control-expose-headers']).toBe('retry-after, x-request-id');
  const refused = await call(configured, { ...preflight, origin: 'https://evil.example' });
  expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
});

test('a caller that asks too often is told when to come back, and others are not held up', async () => {
  const limited = await openBeside(api, { RATE_LIMIT_PER_MINUTE: '3' });
  for (let count = 0; count < 3; count += 1) expect((await limited.call('GET', ping)).status).toBe(200);
  const refused = await limited.call('GET', ping);
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
  expect((await limited.call('GET', '/readyz')).status).toBe(200);
  expect((await limited.call('GET', ping, undefined, wrong)).status).toBe(401);
});

test('users of the Mini App who share an address have a limit each', async () => {
  const limited = await openBeside(api, { RATE_LIMIT_PER_MINUTE: '3', BOT_TOKEN: botToken });
  const [eager, other] = [miniAppOf(limited), miniAppOf(limited)];
  const statuses = [];
  for (const user of [eager, eager, eager, eager, other]) statuses.push((await user.call('GET', '')).status);
  expect(statuses).toEqual([200, 200, 200, 429, 200]);
});

test('an address that guesses keys is told to stop; the right key keeps working from there', async () => {
  const limited = await openBeside(api, { RATE_LIMIT_PER_MINUTE: '20' });
  const guess = (index: number) =>
    limited.call('GET', ping, undefined, {
      authorization: `Bearer ${index}`,
      'x-forwarded-for': `10.0.0.${index}`,
    });
  const challenges = [await guess(1), await guess(2)].map(({ status, headers }) => [
    status,
    headers['www-authenticate'],
  ]);
  expect(challenges).toEqual(Array(2).fill([401, 'Bearer']));
  const refused = await guess(3);
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests', status: 429 } });
  expect(refused.headers['content-type']).toBe('application/problem+json');
  expect(refused.headers).not.toHaveProperty('www-authenticate');
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
  expect((await limited.call('GET', ping)).status).toBe(200);
});

test('clients behind a trusted proxy are told apart', async () => {
  const limited = await openBeside(api, {
    RATE_LIMIT_PER_MINUTE: '10',
    TRUST_PROXY: 'loopback, 10.1.0.0/16',
  });
  const guess = (address: string) =>
    limited.call('GET', ping, undefined, { ...wrong, 'x-forwarded-for': `6.6.6.6, ${address}, 10.1.2.3` });
  expect((await guess('192.0.2.1')).status).toBe(401);
  expect((await guess('192.0.2.1')).status).toBe(429);
  expect((await guess('192.0.2.2')).status).toBe(401);
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:DB8:0:01::%eth0', '2001:db8:0:1::/64'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
])('the address %s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a known address with a wrong method is 405 and names the right ones', async () => {
  const refused = await api.call('PATCH', '/api/admin/tickets/1/status?x=1', {});
  expect(refused).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(refused.headers['allow']).toBe('PUT');
  expect((await api.call('POST', '/healthz')).headers['allow']).toBe('GET, HEAD');
  expect((await api.call('PATCH', '/api/admin/tickets/1/status', {}, wrong)).status).toBe(401);
});

test.each([
  [`/api/admin/tickets/${'1'.repeat(101)}`, 414, 'address_too_long'],
  ['/api/admin/tickets/%ff', 400, 'malformed_request'],
])('the address %s is %i, with the headers that every answer has', async (address, status, code) => {
  const refused = await api.call('GET', address);
  expect(refused).toMatchObject({ status, body: { code } });
  const { headers } = await api.call('GET', '/healthz');
  for (const name of Object.keys(headers).filter((each) => !each.startsWith('content-length')))
    expect(refused.headers).toHaveProperty([name]);
  expect(refused.headers['x-request-id']).toBe(refused.body.requestId);
});

test('a slash behind an address makes it another one', async () => {
  expect((await api.call('GET', '/healthz/')).status).toBe(404);
});

test.each(['application/x-www-form-urlencoded', 'text/plain', 'application/xml'])(
  'an empty body is none, also of type %s, and one that is not empty is refused',
  async (type) => {
    const post = (body: string) =>
      api.call('POST', '/api/admin/delivery/pause', body, { 'content-type': type });
    expect((await post('')).status).toBe(200);
    expect(await post('a=b')).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  },
);

/** Writes to a socket of its own and returns all that comes back until the server closes it. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

test('what is no HTTP is answered with problem details too, and the connection closed', async () => {
  const opened = await openBeside(api);
  await opened.app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(opened.app.listeningOrigin).port);
  const requests = [
    ['HELLO\r\n\r\n', 400, 'malformed_request'],
    [`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431, 'headers_too_large'],
  ] as const;
  for (const [text, status, code] of requests) {
    const [head = '', body = ''] = (await exchange(port, text)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code });
  }
});

test('whatever a client expects, it gets its answer', async () => {
  const opened = await openBeside(api);
  await opened.app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(opened.app.listeningOrigin).port);
  const request = 'GET /healthz HTTP/1.1\r\nhost: a\r\nexpect: the-best\r\nconnection: close\r\n\r\n';
  expect(await exchange(port, request)).toMatch(/^HTTP\/1.1 200 /);
});

test('a client that sends its headers byte by byte is cut off after ten seconds', async () => {
  const opened = await openBeside(api);
  await opened.app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(opened.app.listeningOrigin).port);
  const from = performance.now();
  const answer = await exchange(port, 'GET /healthz HTTP/1.1\r\nhost: a\r\n');
  expect(answer).toContain('HTTP/1.1 408 ');
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'request_too_slow' });
  expect(performance.now() - from).toBeLessThan(20_000);
});
