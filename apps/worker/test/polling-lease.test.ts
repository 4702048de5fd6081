import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdUpdatePolling, openDatabase } from '@replybell/database';
import { openTunnel, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { whileHoldingLease } from '../src/updates/polling-lease.ts';

const { url, db } = await useTestDatabase();

const leaseEnd = async () => {
  const { rows } = await sql<{ at: Date }>`select lease_until as at from update_polling`.execute(db);
  return Number(rows[0]?.at ?? 0);
};

it('a lease is renewed while there is work, which ends before another can have the lease when Postgres falls silent', async ({
  onTestFinished,
}) => {
  const tunnel = await openTunnel(url);
  const ownDb = openDatabase({ url: tunnel.url, applicationName: 'test' });
  onTestFinished(() => ownDb.destroy());
  const stopping = new AbortController();
  const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>();
  const holding = whileHoldingLease(
    { db: ownDb, botId: 1, signal: stopping.signal, leaseMs: 1_000 },
    async (signal) => {
      begin(signal);
      await once(signal, 'abort');
    },
  );
  const working = await begun;
  const firstEnd = await leaseEnd();
  await expect.poll(leaseEnd, { interval: 20 }).toBeGreaterThan(firstEnd);

  tunnel.fallSilent();
  const another = { botId: 1, holder: randomUUID(), leaseMs: 60_000 };
  while (!(await holdUpdatePolling(db, another))) await sleep(5);
  expect(working.aborted).toBe(true);

  stopping.abort();
  tunnel.close();
  await holding;
});
