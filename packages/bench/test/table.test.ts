import { describe, expect, test } from 'vitest';
import { formatTable, formatValue } from '../src/table.ts';

describe('the table', () => {
  test('shows both sides, the ratio and whether it meets its goal', () => {
    const table = formatTable([
      {
        kind: 'comparison',
        what: 'worker',
        unit: '/s',
        ours: [3000, 2000],
        bare: [1500, 1000],
        goal: { atLeast: 2 },
      },
      { kind: 'figure', what: 'relay', unit: 'ms', values: [7], goal: { atMost: 5 } },
    ]);
    expect(table.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['Replybell', 'bare', 'ratio', 'goal'],
      ['worker', '2,500 /s', '1,250 /s', '2.00×', '≥ 2× met'],
      ['relay', '7.00 ms', '≤ 5 ms missed'],
    ]);
  });

  test('shows three digits that count', () => {
    expect(formatValue(0.8449, 'ms')).toBe('0.84 ms');
    expect(formatValue(12.34, 'ms')).toBe('12.3 ms');
    expect(formatValue(1729.6, '/s')).toBe('1,730 /s');
  });
});
