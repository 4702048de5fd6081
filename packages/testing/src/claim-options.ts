import { type ClaimOptions, createServerClock } from '@replybell/database';

/** Of claims in tests that are about something else: nothing is paced, nothing folded, and no lease runs out. */
export const claimOptions: ClaimOptions = {
  leaseMs: 60_000,
  spacingMs: 0,
  chatIntervalMs: 0,
  folding: false,
  ttlHours: 72,
  clock: createServerClock(),
  tokenFingerprint: 'test',
};
