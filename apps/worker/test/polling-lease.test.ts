import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdUpdatePolling, openDatabase } from '@replybell/database';
import { countWaiting, openTunnel, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { whileHoldingLease } from '../src/updates/polling-lease.ts';

const { url, db } = await useTestDatabase();

const leaseEnd = async () => {
  const { rows } = await sql<{ at: Date }>`select lease_until as at from update_polling`.execute(db);
  return Number(rows[0]?.at ?? 0);
};

/** Work under a lease of a second, of a process that reaches Postgres by the tunnel. */
async function beginWork(onTestFinished: (end: () => Promise<void>) => void) {
  const tunnel = await openTunnel(url);
  const ownDb = openDatabase({ url: tunnel.url, applicationName: 'test' });
  const stopping = new AbortController();
  const { promise: working, resolve: begin } = Promise.withResolvers<AbortSignal>();
  const holding = whileHoldingLease(
    { db: ownDb, botId: 1, signal: stopping.signal, leaseMs: 1_000 },
    async (signal) => {
      begin(signal);
      await once(signal, 'abort');
    },
  );
  onTestFinished(async () => {
    stopping.abort();
    tunnel.close();
    await holding;
    await ownDb.destroy();
    await sql`delete from update_polling`.execute(db);
  });
  return { tunnel, working: await working };
}

async function takeOver() {
  const another = { botId: 1, holder: randomUUID(), leaseMs: 60_000 };
  while (!(await holdUpdatePolling(db, another))) await sleep(5);
}

it('a lease is renewed while there is work, which ends before another can have the lease when Postgres falls silent', async ({
  onTestFinished,
}) => {
  const { tunnel, working } = await beginWork(onTestFinished);
  const firstEnd = await leaseEnd();
  await expect.poll(leaseEnd, { interval: 20 }).toBeGreaterThan(firstEnd);
  tunnel.fallSilent();
  await takeOver();
  expect(working.aborted).toBe(true);
});

it('a lease lasts from when it was asked for, however late the answer came', async ({ onTestFinished }) => {
  const { tunnel, working } = await beginWork(onTestFinished);
  await db.transaction().execute(async (trx) => {
    await sql`select from update_polling for update`.execute(trx);
    await expect.poll(() => countWaiting(db)).toBe(1);
    await sleep(450);
  });
  await sleep(50);
  tunnel.fallSilent();
  await takeOver();
  expect(working.aborted).toBe(true);
});
