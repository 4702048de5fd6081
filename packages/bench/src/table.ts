import { type Goal, type Measurement, meets, ratio } from './measurement.ts';
import { median } from './statistics.ts';

const columns = ['', 'Replybell', 'bare', 'ratio', 'goal'] as const;

/** The table that ends a run: a line for each measurement, medians of its rounds. */
export function formatTable(measurements: Measurement[]): string {
  const rows = [[...columns], ...measurements.map(formatRow)];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => align(cell, widths[column] ?? 0, column)).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Words to the left, numbers to the right. */
function align(cell: string, width: number, column: number): string {
  return column === 0 || column === columns.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}

function formatRow(measurement: Measurement): string[] {
  const { what, unit, goal } = measurement;
  switch (measurement.kind) {
    case 'comparison': {
      const { ours, bare } = measurement;
      const value = ratio(measurement);
      return [
        what,
        formatValue(median(ours), unit),
        formatValue(median(bare), unit),
        `${value.toFixed(2)}×`,
        formatGoal(value, goal, '×'),
      ];
    }
    case 'figure': {
      const value = median(measurement.values);
      return [what, formatValue(value, unit), '', '', formatGoal(value, goal, ` ${unit}`)];
    }
  }
}

function formatGoal(value: number, goal: Goal | undefined, unit: string): string {
  if (goal === undefined) return '';
  const wanted = 'atMost' in goal ? `≤ ${goal.atMost}${unit}` : `≥ ${goal.atLeast}${unit}`;
  return `${wanted} ${meets(value, goal) ? 'met' : 'missed'}`;
}

/** Three digits that count: 0.84 ms, 12.3 ms, 1,730 /s. */
export function formatValue(value: number, unit: string): string {
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1))));
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return `${value.toLocaleString('en', digits)} ${unit}`;
}
