import { createSimulator, createSimulatorClient } from '@replybell/simulator';
import { decodeQR } from 'qr/decode.js';
import { afterAll, expect, test } from 'vitest';
import { dumpTables } from './dump-tables.ts';
import { openBeside, useTestApp } from './test-app.ts';

const simulator = await createSimulator({ username: 'support_bot' });
afterAll(() => simulator.close());
const api = await useTestApp({ BOT_TOKEN: simulator.token, TELEGRAM_API_ROOT: simulator.url });

async function createUser(): Promise<number> {
  const { body } = await api.call('POST', '/api/admin/users', { username: 'anna' });
  return body.id;
}

/** Draws the squares that the SVG's path consists of, several pixels each, and reads the picture as a scanner does. */
function readPicture(dataUrl: string): string {
  const svg = Buffer.from(dataUrl.replace('data:image/svg+xml;base64,', ''), 'base64').toString();
  const modules = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
  const scale = 4;
  const side = modules * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  let [x, y] = [0, 0];
  for (const [, letter, dx, dy] of svg.matchAll(/([Mm])(-?\d+)[ ,]?(-?\d+)/g)) {
    [x, y] = letter === 'M' ? [Number(dx), Number(dy)] : [x + Number(dx), y + Number(dy)];
    for (let row = y * scale; row < (y + 1) * scale; row += 1) {
      const from = (row * side + x * scale) * 4;
      for (let pixel = from; pixel < from + scale * 4; pixel += 4) data.fill(0, pixel, pixel + 3);
    }
  }
  return decodeQR({ width: side, height: side, data });
}

test('a link opens the bot with a token, expires in a week, and its picture says the same', async () => {
  const made = await api.call('POST', `/api/admin/users/${await createUser()}/telegram-link`);
  expect(made.status).toBe(201);
  expect(made.body.url).toMatch(/^https:\/\/t\.me\/support_bot\?start=[A-Za-z0-9_-]{32,64}$/);
  const hours = (Date.parse(made.body.expiresAt) - Date.now()) / 3_600_000;
  expect(hours).toBeCloseTo(168, 0);
  expect(readPicture(made.body.qr)).toBe(made.body.url);
});

test('each link is another, and Telegram is asked for the bot’s name once', async () => {
  const userId = await createUser();
  const urls = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const { body } = await api.call('POST', `/api/admin/users/${userId}/telegram-link`);
      return body.url;
    }),
  );
  expect(new Set(urls).size).toBe(5);
  expect((await createSimulatorClient(simulator.url).stats()).requests['getMe']).toBe(1);
});

test('a repeated request makes no second link, and nothing that is stored tells the link', async () => {
  const url = `/api/admin/users/${await createUser()}/telegram-link`;
  const make = () => api.call('POST', url, undefined, { 'idempotency-key': 'link' });
  const first = await make();
  expect(await make()).toMatchObject({
    status: 201,
    body: { url: null, qr: null, expiresAt: first.body.expiresAt },
  });
  const token = new URL(first.body.url).searchParams.get('start') ?? '';
  const stored = await dumpTables(api.db);
  expect(token).not.toBe('');
  expect(stored).not.toContain(token);
  expect(stored).toContain('user.telegram_link');
});

test('an unknown user is 404, an erased one 409, a wrong id 400', async () => {
  const erasedId = await createUser();
  await api.call('POST', `/api/admin/users/${erasedId}/erase`);
  expect(await api.call('POST', `/api/admin/users/${erasedId}/telegram-link`)).toMatchObject({
    status: 409,
    body: { code: 'user_erased' },
  });
  expect(await api.call('POST', '/api/admin/users/999999/telegram-link')).toMatchObject({
    status: 404,
    body: { code: 'user_not_found' },
  });
  expect(await api.call('POST', '/api/admin/users/0/telegram-link')).toMatchObject({
    status: 400,
    body: { code: 'validation_failed' },
  });
});

test.each([
  ['no token', { BOT_TOKEN: '' }, 'bot_not_configured', '60'],
  ['a token that Telegram refuses', { BOT_TOKEN: '7:not-this-one' }, 'bot_token_refused', '60'],
  ['Telegram away', { TELEGRAM_API_ROOT: 'http://127.0.0.1:1' }, 'telegram_unavailable', '2'],
])('with %s the answer says so and what to do', async (_what, changes, code, retryAfter) => {
  const userId = await createUser();
  const other = await openBeside(api, changes);
  const refused = await other.call('POST', `/api/admin/users/${userId}/telegram-link`);
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': retryAfter }, body: { code } });
});
