import type { Measurement } from './measurement.ts';

export type CaseContext = {
  /** Of each side. At least 5 for figures that are worth quoting. */
  rounds: number;
  /** Writes one line for whoever waits. */
  progress(line: string): void;
};

/** One question that the bench answers. It starts what it needs and leaves nothing behind. */
export type Case = {
  /** As on the command line. */
  name: string;
  /** One line for `--help` and above the case's figures. */
  title: string;
  run(context: CaseContext): Promise<Measurement[]>;
};
