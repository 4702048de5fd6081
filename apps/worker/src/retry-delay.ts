const FIRST_MS = 1_000;
const CAP_MS = 10 * 60_000;
const OUTAGE_CAP_MS = 16_000;

/**
 * Exponential backoff: about 1 s, 3 s, 9 s … 10 min, of which a half is jitter. The first are short, as most errors are
 * over soon; eight attempts span a quarter of an hour, as some are not.
 *
 * @param failures how often it has failed by now, at least 1.
 * @param random from 0 to 1, exclusive.
 * @returns milliseconds.
 */
export function retryDelayMs(failures: number, random: number): number {
  return Math.round(Math.min(CAP_MS, FIRST_MS * 3 ** (failures - 1)) * (0.5 + random / 2));
}

/**
 * The delay after a failure that counts nothing: between 0 and 1 s, 2 s … 16 s and no more, because pauses hold back what
 * is to be held back, and when an outage is over everything shall leave soon.
 *
 * @param claims how often the notification was claimed, at least 1.
 */
export function outageDelayMs(claims: number, random: number): number {
  return Math.round(Math.min(OUTAGE_CAP_MS, FIRST_MS * 2 ** (claims - 1)) * random);
}
