import { expect, type TestContext } from 'vitest';
import { type Fate, judge } from './judge.ts';
import type { Scene } from './scene.ts';

/** A line of the table that the run prints. */
export type Finding = {
  /** The row of docs/faults.md. */
  row: number;
  fault: string;
  queue: string;
  lost: number;
  duplicates: number;
  unknown: number;
  /** From the end of the fault until all was delivered; null where there is nothing to recover. */
  recoveryMs: number | null;
};

declare module 'vitest' {
  interface TaskMeta {
    finding?: Finding;
  }
}

export type Expected = {
  row: number;
  recoveryMs?: number;
  /** D at most; default: as many as there are unknown attempts. */
  duplicates?: number;
  /** How many sends were under way when their worker was killed or frozen: each may be unknown. Default 0. */
  exposed?: number;
  /** Whether a notification that was not delivered has ended as it should. Default: none has. */
  excused?: (fate: Fate) => boolean;
};

/** Judges the scene, notes the finding for the table, and fails the test on any breach. */
export async function conclude(scene: Scene, expected: Expected): Promise<void> {
  const { row, recoveryMs = null, exposed = 0 } = expected;
  const { lost, duplicates, unknown, cuts, breaches } = await judge(scene, expected.excused);
  note(scene.test, { row, queue: scene.queue, lost, duplicates, unknown, recoveryMs });
  expect(breaches).toEqual([]);
  expect(lost, 'lost').toBe(0);
  expect(unknown, 'unknown attempts').toBeLessThanOrEqual(exposed + cuts);
  expect(duplicates, 'duplicates').toBeLessThanOrEqual(Math.min(unknown, expected.duplicates ?? unknown));
}

/** Notes a finding of a test that the ledger has nothing to say about. */
export function note({ task }: TestContext, finding: Omit<Finding, 'fault'>): void {
  task.meta.finding = { fault: task.name, ...finding };
}
