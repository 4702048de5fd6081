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

/**
 * The delay after a failure that counts nothing: as above, but at most 16 s, because pauses hold back what is to be held
 * back, and when an outage is over everything shall leave soon.
 *
 * @param claims how often the notification was claimed, at least 1.
 */
export function outageDelayMs(claims: number, random: number): number {
  return retryDelayMs(Math.min(claims, 5), random);
}
