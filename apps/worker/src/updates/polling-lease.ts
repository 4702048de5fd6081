import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, holdUpdatePolling, releaseUpdatePolling } from '@replybell/database';

/** A process that dies or freezes is followed by another after so long. In milliseconds. */
const LEASE_MS = 5_000;
const RENEW_EVERY_MS = 1_000;
/** Renewed too late, the lease may be another's before this process hears of it. In milliseconds. */
const RENEWED_WITHIN_MS = LEASE_MS - 2 * RENEW_EVERY_MS;

/**
 * Runs `work` whenever this process holds the lease on polling for the bot, until `signal` aborts. The signal that `work`
 * gets aborts too when the lease is lost: taken over after this process had frozen, or unknown while Postgres is away.
 */
export async function whileHoldingLease(
  { db, botId, signal }: { db: Db; botId: number; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const holder = randomUUID();
  /** Postgres away or silent: nobody can say whose the lease is, so it isn't ours. */
  const hold = () =>
    Promise.race([
      holdUpdatePolling(db, { botId, holder, leaseMs: LEASE_MS }).catch(() => false),
      sleep(RENEWED_WITHIN_MS, false, { ref: false }),
    ]);
  const wait = () => sleep(RENEW_EVERY_MS, undefined, { signal }).catch(() => {});

  while (!signal.aborted) {
    if (await hold()) {
      const lost = new AbortController();
      const working = work(AbortSignal.any([signal, lost.signal]));
      while (!signal.aborted && (await hold())) await wait();
      lost.abort();
      await working;
    }
    await wait();
  }
  await releaseUpdatePolling(db, { botId, holder }).catch(() => {
    // Postgres is away: the lease ends by itself.
  });
}
