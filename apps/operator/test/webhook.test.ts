import { createSimulator } from '@replybell/simulator';
import { startEntry } from '@replybell/testing';
import { afterAll, expect, it } from 'vitest';

const secret = 'a-secret-of-the-webhook-test';
const telegram = await createSimulator();
afterAll(() => telegram.close());

async function webhook(command: string, changes: Record<string, string> = {}) {
  const run = await startEntry(
    'Webhook',
    'apps/operator/src/webhook.ts',
    {
      DATABASE_URL: 'postgres://host/db',
      BOT_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_UPDATES: 'webhook',
      TELEGRAM_WEBHOOK_SECRET: secret,
      PUBLIC_URL: 'https://support.example.com/',
      ...changes,
    },
    undefined,
    [command],
  );
  const { code } = await run.exited;
  const output = run.lines.map((line) => line.text).join('\n');
  expect(output).not.toContain(secret);
  expect(output).not.toContain(telegram.token);
  return { code, output };
}

it('is set, shown and removed', async () => {
  expect(await webhook('show')).toMatchObject({ code: 0, output: expect.stringContaining('no webhook') });
  const address = 'https://support.example.com/telegram/webhook';
  expect(await webhook('set')).toMatchObject({ code: 0, output: expect.stringContaining(address) });
  expect(await webhook('show')).toMatchObject({ code: 0, output: expect.stringContaining(address) });
  const info = await fetch(`${telegram.url}/bot${telegram.token}/getWebhookInfo`);
  expect(await info.json()).toMatchObject({ result: { allowed_updates: ['message', 'my_chat_member'] } });
  expect(await webhook('set', { PUBLIC_URL: 'http://127.0.0.1:3000' })).toMatchObject({ code: 0 });
  const removed = await webhook('delete');
  expect(removed.output).toContain('TELEGRAM_UPDATES=polling');
  expect(removed.code).toBe(0);
});

it('says what is missing, what Telegram answers, and how it is used', async () => {
  const incomplete = await webhook('set', { PUBLIC_URL: '' });
  expect(incomplete).toMatchObject({ code: 78, output: expect.stringContaining('PUBLIC_URL is not set') });
  const unsafe = { PUBLIC_URL: 'http://127.0.0.1:3000', TELEGRAM_API_ROOT: 'https://api.telegram.org' };
  expect(await webhook('set', unsafe)).toMatchObject({
    code: 78,
    output: expect.stringContaining('PUBLIC_URL must be an https address'),
  });
  const refused = await webhook('set', { BOT_TOKEN: '7:not-this-one' });
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('401') });
  const misspelt = await webhook('sing', { BOT_TOKEN: '' });
  expect(misspelt).toMatchObject({ code: 2, output: expect.stringContaining('Usage') });
});
