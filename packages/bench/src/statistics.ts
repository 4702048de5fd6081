/** The middle value; of an even number of values the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * The smallest value that at least `percent` % of the values don't exceed (nearest rank). NaN of none.
 *
 * @param percent above 0, at most 100.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

/**
 * How much of a rate was used: one second over the mean time from the i-th to the (i + `perSecond`)-th event. A burst at
 * the start or at the end can't flatter it.
 *
 * @param timesMs in order, more than `perSecond` of them.
 * @returns 1 when all of it was used.
 */
export function rateUse(timesMs: readonly number[], perSecond: number): number {
  const spansMs = timesMs.slice(perSecond).map((atMs, index) => atMs - (timesMs[index] ?? Number.NaN));
  return 1_000 / (spansMs.reduce((sum, span) => sum + span, 0) / spansMs.length);
}
