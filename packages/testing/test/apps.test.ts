import { expect, test } from 'vitest';
import { startSimulator } from '../src/apps.ts';

test('two simulators listen on ports of their own, answer the Bot API, and stop when asked', async () => {
  const [one, other] = await Promise.all([startSimulator({ BOT_TOKEN: '1:one' }), startSimulator()]);
  expect(one.url).not.toBe(other.url);
  const answer = await fetch(`${one.url}/bot1:one/getMe`);
  expect(await answer.json()).toMatchObject({ ok: true, result: { is_bot: true } });
  expect(await one.client.ledger()).toEqual([]);
  expect((await Promise.all([one.stop(), other.stop()])).map(({ code }) => code)).toEqual([0, 0]);
});
