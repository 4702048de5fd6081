import { describe, expect, test } from 'vitest';
import { median, percentile, rateUse } from '../src/statistics.ts';

describe('median and percentile', () => {
  test('the median is the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 9])).toBe(3);
    expect(median([])).toBeNaN();
  });

  test('a percentile is a value that was measured, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(hundred, 50)).toBe(50);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });
});

test('the use of a rate counts the time in which as many events fell as a second allows', () => {
  const everyTenth = Array.from({ length: 40 }, (_, index) => index * 100);
  expect(rateUse(everyTenth, 10)).toBe(1);
  expect(rateUse(everyTenth, 20)).toBe(0.5);
});
