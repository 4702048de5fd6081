const FIRST_MS = 1_000;
const CAP_MS = 5 * 60_000;

/**
 * Exponential backoff with full jitter: a delay between 0 and 1 s, 2 s, 4 s … 5 min.
 *
 * @param failures how often it has failed by now, at least 1.
 * @param random from 0 to 1, exclusive.
 * @returns milliseconds.
 */
export function retryDelayMs(failures: number, random: number): number {
  return Math.round(Math.min(CAP_MS, FIRST_MS * 2 ** (failures - 1)) * random);
}
