import type { RouteOptions } from 'fastify';
import { expect, test } from 'vitest';
import { apiKey, useTestApp } from './test-app.ts';

const basic = (password: string) => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;

const api = await useTestApp({ BOT_TOKEN: '1:token', PUBLIC_URL: 'https://support.test' });
const routes: RouteOptions[] = [];
api.app.addHook('onRoute', (route) => void routes.push(route));
await api.app.ready();

async function status(method: string, url: string, headers: Record<string, string>): Promise<number> {
  const response = await api.app.inject({ method: method as 'GET', url, headers });
  return response.statusCode;
}

/** What nobody needs a key for: health, signing in and out, and the way there. Telegram has a secret of its own. */
const open = /^\/($|healthz|readyz|api\/session|admin\/sign-in|telegram)(\/|$)/;

test('every route but health, signing in and the webhook refuses a missing key', async () => {
  const guarded = routes.filter((route) => !open.test(route.url));
  expect(guarded.length).toBeGreaterThan(40);
  for (const route of guarded) {
    const url = route.url.replace(/:\w+|\*/g, '1');
    for (const method of [route.method].flat()) {
      expect(await status(method, url, {}), `${method} ${url}`).toBe(401);
    }
  }
});

test.each([
  ['no header', undefined],
  ['a wrong key', 'Bearer wrong'],
  ['a part of the key', `Bearer ${apiKey.slice(0, -1)}`],
  ['more than the key', `Bearer ${apiKey}x`],
  ['no key', 'Bearer '],
  ['the key alone', apiKey],
  ['another scheme', `Token ${apiKey}`],
  ['Basic, which only the board takes', basic(apiKey)],
])('%s is refused with 401 and told what is needed', async (_what, authorization) => {
  const response = await api.app.inject({
    url: '/api/admin/tickets',
    headers: authorization === undefined ? {} : { authorization },
  });
  expect(response.statusCode).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer');
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.json().code).toBe('unauthorized');
  expect(response.body).not.toContain(apiKey);
});

test('the right key is accepted, whatever the case of the scheme', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    expect(await status('GET', '/api/admin/tickets', { authorization: `${scheme} ${apiKey}` })).toBe(200);
  }
});

test('the board asks a browser for a password and takes the key as one', async () => {
  const asked = await api.app.inject({ url: '/admin/queues' });
  expect(asked.statusCode).toBe(401);
  expect(asked.headers['www-authenticate']).toMatch(/^Basic realm="Replybell"/);
  expect(await status('GET', '/admin/queues', { authorization: basic('wrong') })).toBe(401);
  expect(await status('GET', '/admin/queues', { authorization: basic(apiKey) })).toBe(200);
  expect(await status('GET', '/admin/queues', { authorization: `Bearer ${apiKey}` })).toBe(200);
});

test.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a sibling of the site', { 'sec-fetch-site': 'same-site' }, 403],
  ['another origin, in an old browser', { origin: 'https://evil.example' }, 403],
  ['a page without an origin', { origin: 'null' }, 403],
  ['its own page', { 'sec-fetch-site': 'same-origin' }, 200],
  ['its own name by plain http', { origin: 'http://support.test', host: 'support.test' }, 403],
  ['its own page by its public name', { origin: 'https://support.test', host: 'support.test' }, 200],
  ['its own page, in an old browser', { origin: 'http://localhost:80', host: 'localhost' }, 200],
  ['a program', {}, 200],
])('the board takes a change with a password from %s: %3$i', async (_who, headers, expected) => {
  const authorization = basic(apiKey);
  const change = { authorization, ...headers } as Record<string, string>;
  expect(await status('PUT', '/admin/queues/api/queues/notifications/resume', change)).toBe(expected);
});
