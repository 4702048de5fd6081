import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { listReasons } from '../src/reasons/index.ts';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();

it('lists every reason in the language that is asked for, with what to do', async () => {
  const ask = (query: string, headers?: Record<string, string>) =>
    api.call('GET', `/api/admin/reasons${query}`, undefined, headers);
  const { body } = await ask('?locale=en', { 'accept-language': 'ru' });
  expect(body.items).toContainEqual({
    code: 'no_telegram_id',
    text: 'No Telegram account is linked to the user.',
    advice: 'Send the user a link to the bot, or set their Telegram id. The notification follows by itself.',
    action: 'relink',
  });
  expect((await ask('', { 'accept-language': 'en' })).body).toEqual(body);
  expect((await ask('')).body.items[0].text).toBe('К пользователю не привязан аккаунт Telegram.');
  expect(await ask('?locale=de')).toMatchObject({ status: 400 });
});

/** Where reasons are written down: in SQL as `reason = '…'`, in code as `reason: '…'` or `fail('…')`. */
const written = /(?:\breason(?: =|:)|\bfail\() ?'([a-z_]+)'/g;
/** Ends a job that is none of ours; no notification has it. */
const jobsOwn = ['not_a_notification_job'];

it('has words for every reason that the code can write', () => {
  const root = new URL('../../../', import.meta.url).pathname;
  const files = globSync(['packages/{database,telegram,bot}/src/**/*.ts', 'apps/worker/src/**/*.ts'], {
    cwd: root,
  });
  const found = files.flatMap((file) =>
    [...readFileSync(`${root}${file}`, 'utf8').matchAll(written)].map(([, reason]) => reason),
  );
  expect(found).toEqual(expect.arrayContaining(['bot_blocked', 'attempts_used_up', 'no_telegram_id']));
  const known = new Set<string | undefined>([...listReasons('en').map((each) => each.code), ...jobsOwn]);
  expect(found.filter((reason) => !known.has(reason))).toEqual([]);
});
