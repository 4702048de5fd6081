import type { Reporter, TestCase } from 'vitest/node';
import type { Finding } from './conclude.ts';

type Line = Finding & { passed: boolean };

/** Prints, at the end of a run, a table of what each fault came to. */
export default class TableReporter implements Reporter {
  readonly #lines: Line[] = [];

  onTestCaseResult(test: TestCase): void {
    const { finding } = test.meta();
    if (finding) this.#lines.push({ ...finding, passed: test.result().state === 'passed' });
  }

  onTestRunEnd(): void {
    if (this.#lines.length > 0) console.log(`\n${formatTable(this.#lines)}`);
  }
}

const columns: [head: string, cell: (line: Line) => string | number][] = [
  ['#', (line) => line.row],
  ['fault', (line) => line.fault],
  ['queue', (line) => line.queue],
  ['L', (line) => line.lost],
  ['D', (line) => line.duplicates],
  ['A', (line) => line.unknown],
  ['recovery', (line) => (line.recoveryMs === null ? '' : `${(line.recoveryMs / 1_000).toFixed(1)} s`)],
  ['', (line) => (line.passed ? '' : 'FAILED')],
];

function formatTable(lines: Line[]): string {
  const sorted = lines.toSorted((a, b) => a.row - b.row || a.fault.localeCompare(b.fault));
  const rows = [
    columns.map(([head]) => head),
    ...sorted.map((line) => columns.map(([, cell]) => String(cell(line)))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
