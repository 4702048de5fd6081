import { describe, expect, test } from 'vitest';
import { meets, ratio } from '../src/measurement.ts';
import { measureInTurns } from '../src/rounds.ts';

describe('a comparison', () => {
  test('divides within each round, so that a slow phase of the machine cancels out', () => {
    expect(ratio({ ours: [100, 20, 300], bare: [50, 10, 150] })).toBe(2);
  });

  test('takes the sides in turns and lets each begin every other round', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(name);
      return order.length;
    };
    const measured = await measureInTurns(3, { ours: side('ours'), bare: side('bare') }, () => {});
    expect(order).toEqual(['ours', 'bare', 'bare', 'ours', 'ours', 'bare']);
    expect(measured).toEqual({ ours: [1, 4, 5], bare: [2, 3, 6] });
  });

  test('meets a goal at its limit', () => {
    expect(meets(1.2, { atMost: 1.2 })).toBe(true);
    expect(meets(1.21, { atMost: 1.2 })).toBe(false);
    expect(meets(2, { atLeast: 2 })).toBe(true);
    expect(meets(1.99, { atLeast: 2 })).toBe(false);
  });
});
