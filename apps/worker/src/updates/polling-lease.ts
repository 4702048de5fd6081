import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, holdUpdatePolling, releaseUpdatePolling } from '@replybell/database';

/** A process that dies or freezes is followed by another after so long. In milliseconds. */
const LEASE_MS = 5_000;
/** A lease is renewed so often while it lasts. */
const RENEWALS = 5;

/**
 * Runs `work` whenever this process holds the lease on polling for the bot, until `signal` aborts. The signal that `work`
 * gets aborts too when the lease is lost: taken over after this process had frozen, or unknown while Postgres is away.
 */
export async function whileHoldingLease(
  { db, botId, signal, leaseMs = LEASE_MS }: { db: Db; botId: number; signal: AbortSignal; leaseMs?: number },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const holder = randomUUID();
  const renewEveryMs = leaseMs / RENEWALS;
  /** When the lease was asked for that is held, if one is. */
  let heldSinceMs: number | undefined;

  /** Postgres away or silent: nobody can say whose the lease is, so it isn't ours. */
  async function hold(): Promise<boolean> {
    const askedAtMs = performance.now();
    // Renewed too late, the lease may be another's before this process hears of it.
    const untilMs = (heldSinceMs ?? askedAtMs) + leaseMs - renewEveryMs;
    const isHeld = await Promise.race([
      holdUpdatePolling(db, { botId, holder, leaseMs }).catch(() => false),
      sleep(Math.max(0, untilMs - askedAtMs), false, { ref: false }),
    ]);
    heldSinceMs = isHeld ? askedAtMs : undefined;
    return isHeld;
  }
  const wait = () => sleep(renewEveryMs, undefined, { signal }).catch(() => {});

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
