import { median } from './statistics.ts';

/** What a ratio or a figure should come to. It is printed and judged by people: a miss fails nothing. */
export type Goal = { atMost: number } | { atLeast: number };

/** Replybell and an opponent, measured in turns: one value a round each, at the same index in both lists. */
export type Comparison = {
  kind: 'comparison';
  /** What was measured, as the table's first column shows it. */
  what: string;
  unit: string;
  ours: number[];
  bare: number[];
  /** Of the ratio. Without one the ratio is only reported. */
  goal?: Goal;
};

/** A value without an opponent. */
type Figure = { kind: 'figure'; what: string; unit: string; values: number[]; goal?: Goal };

export type Measurement = Comparison | Figure;

/**
 * Ours divided by the opponent's: the median of the rounds' own ratios. The two halves of a round run one right after
 * the other, so what slows the machine for a while falls out of the ratio.
 */
export function ratio({ ours, bare }: Pick<Comparison, 'ours' | 'bare'>): number {
  return median(ours.map((value, round) => value / (bare[round] ?? Number.NaN)));
}

export function meets(value: number, goal: Goal): boolean {
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}
