import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openAsker } from '../src/steady-load.ts';

test('asks at its rate however slow the answers are, and times each from when it was due', async () => {
  const arrivals: number[] = [];
  const url = await serve((index) => {
    arrivals.push(performance.now());
    return { status: 200, afterMs: index === 0 ? 300 : 0 };
  });

  await using asker = openAsker();
  const tookMs = await asker.getSteadily({ url, path: '/', headers: {}, perSecond: 50, seconds: 1 });

  expect(tookMs).toHaveLength(50);
  expect(Math.max(...tookMs)).toBeGreaterThanOrEqual(299);
  const span = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
  expect(span).toBeGreaterThan(800);
  expect(span).toBeLessThan(1_300);
});

test('refuses answers that are no success', async () => {
  const url = await serve(() => ({ status: 500, afterMs: 0 }));
  await using asker = openAsker();
  await expect(
    asker.getSteadily({ url, path: '/tickets', headers: {}, perSecond: 10, seconds: 1 }),
  ).rejects.toThrow('/tickets answered 500');
});

async function serve(answer: (index: number) => { status: number; afterMs: number }): Promise<string> {
  let count = 0;
  const server = createServer((_, response) => {
    const { status, afterMs } = answer(count++);
    setTimeout(() => response.writeHead(status).end('answer'), afterMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
