import { expect, test } from 'vitest';
import { messageOfPattern } from '../src/schemas/patterns.ts';
import { operationsOf } from './operations.ts';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const operations = await operationsOf(api);

const time = 'must be a time with its zone, such as 2026-01-31T08:00:00Z';
const key = { name: 'Shop', role: 'agent' };

test.each([
  ['POST', '/users', { username: '' }, 'username', 'must not be empty'],
  [
    'POST',
    '/users',
    { username: 'anna', locale: 'English' },
    'locale',
    'must be a BCP 47 tag, such as ru or en-GB',
  ],
  ['PATCH', '/users/1', {}, '', 'must have at least one field'],
  ['POST', '/api-keys', { ...key, expiresAt: 'tomorrow' }, 'expiresAt', time],
  ['POST', '/api-keys', { ...key, expiresAt: '2030-01-01' }, 'expiresAt', time],
  ['POST', '/notifications/retry', { filter: { since: 'now' } }, 'filter.since', time],
  [
    'POST',
    '/notifications/retry',
    { filter: { reason: 'A b' } },
    'filter.reason',
    'must be a code, such as bot_blocked',
  ],
  ['GET', '/notifications/x', undefined, 'id', 'must be the id of a notification'],
  ['GET', '/notifications?since=2026-13-01T00:00:00Z', undefined, 'since', time],
] as const)(
  '%s %s with %j says what is wrong, once and in words',
  async (method, path, body, field, message) => {
    expect(await api.call(method, `/api/admin${path}`, body)).toMatchObject({
      status: 400,
      body: { errors: [{ path: field, message }] },
    });
  },
);

test('every pattern of what may be sent has words', () => {
  const sent = JSON.stringify(operations.map(({ parameters, body }) => [parameters, body]));
  const patterns = [...sent.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, json = '']) =>
    JSON.parse(json),
  );
  expect(patterns.length).toBeGreaterThan(5);
  expect(patterns.filter((pattern) => messageOfPattern(pattern) === undefined)).toEqual([]);
});
