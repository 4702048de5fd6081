import { expect, test } from 'vitest';
import { createWindowCounter } from '../src/edges/window-counter.ts';

test('keys are counted each by itself, and anew when their window has ended', async () => {
  const count = createWindowCounter({ windowMs: 200, maxKeys: 2 });
  expect(['a', 'a', 'b'].map((key) => count(key).count)).toEqual([1, 2, 1]);
  expect(count('a').endsInMs).toBeLessThanOrEqual(200);
  await expect.poll(() => count('a').count).toBe(1);
});

test('where there are too many keys the window that began first is forgotten', () => {
  const count = createWindowCounter({ windowMs: 60_000, maxKeys: 2 });
  for (const key of ['a', 'b', 'c']) count(key);
  expect(['b', 'c', 'a'].map((key) => count(key).count)).toEqual([2, 2, 1]);
});

test('a window that began anew is not the one that began first', async () => {
  const count = createWindowCounter({ windowMs: 200, maxKeys: 2 });
  for (const key of ['a', 'b']) count(key);
  await expect.poll(() => count('a').count).toBe(1);
  count('c');
  expect(count('a').count).toBe(2);
});
