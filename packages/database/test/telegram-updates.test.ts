import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { holdUpdatePolling, releaseUpdatePolling, removeOld, takeUpdate } from '../src/index.ts';
import { useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

const take = (update: { botId: number; updateId: number }) =>
  database.db.transaction().execute((trx) => takeUpdate(trx, update));

it('takes an update once, also when it comes several times at once; another bot counts by itself', async () => {
  const taken = await Promise.all(Array.from({ length: 8 }, () => take({ botId: 1, updateId: 5 })));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect(await take({ botId: 2, updateId: 5 })).toBe(true);
});

it('takes an update again whose transaction was rolled back', async () => {
  const update = { botId: 1, updateId: 6 };
  const failed = database.db.transaction().execute(async (trx) => {
    await takeUpdate(trx, update);
    throw new Error('rolled back');
  });
  await expect(failed).rejects.toThrow('rolled back');
  expect(await take(update)).toBe(true);
});

it('forgets updates only when Telegram can not bring them again', async () => {
  const { db } = database;
  await take({ botId: 3, updateId: 1 });
  await take({ botId: 3, updateId: 2 });
  await sql`update telegram_updates set received_at = now() - interval '4 days' where bot_id = 3 and update_id = 1`.execute(
    db,
  );
  await removeOld(db, { retentionDays: 90, limit: 100 });
  expect(await take({ botId: 3, updateId: 1 })).toBe(true);
  expect(await take({ botId: 3, updateId: 2 })).toBe(false);
});

it('lets one process at a time poll for a bot, and the next when the lease ends or is given back', async () => {
  const { db } = database;
  const [one, other] = [randomUUID(), randomUUID()];
  const hold = (holder: string, leaseMs = 60_000) => holdUpdatePolling(db, { botId: 1, holder, leaseMs });
  expect(await hold(one)).toBe(true);
  expect(await hold(other)).toBe(false);
  expect(await hold(one, 0)).toBe(true);
  expect(await hold(other)).toBe(true);
  expect(await hold(one)).toBe(false);
  await releaseUpdatePolling(db, { botId: 1, holder: one });
  expect(await hold(one)).toBe(false);
  await releaseUpdatePolling(db, { botId: 1, holder: other });
  expect(await hold(one)).toBe(true);
});
