import { countWaiting } from '@replybell/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Claim,
  type Db,
  ensureBotSlots,
  giveBackDirectSlot,
  settleNotifications,
  settleUnreachable,
  takeBackClaims,
  takeDirectSlot,
} from '../src/index.ts';
import { freeInMs } from '../src/pace.ts';
import {
  claim,
  createReply,
  freshTelegramId,
  reading,
  release,
  replyTo,
  sent,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();
const chats = { chatIntervalMs: 1_000 };

describe('freeInMs', () => {
  it.each([
    ['nothing', 0, 1_000.1],
    ['less than the process takes itself', 3, 1_000.1],
    ['a part of the interval', 105, 900.1],
    ['more than the interval', 5_000, 0.1],
  ])('counts from the answer, less the way there and back: %s', (_what, leastRoundTripMs, expectedMs) => {
    const answeredAtMs = performance.now();
    const freeMs = freeInMs({ answeredAtMs, leastRoundTripMs }, 1_000);
    const elapsedMs = performance.now() - answeredAtMs;
    expect(freeMs).toBeLessThan(expectedMs + 0.001);
    expect(freeMs + elapsedMs).toBeGreaterThan(expectedMs - 0.001);
  });
});

describe('ensureBotSlots', () => {
  it('makes as many as there are messages in a second; new ones are free only after a second', async () => {
    await database.db.transaction().execute(async (trx) => {
      await ensureBotSlots(trx, 10);
      await sql`update bot_slots set free_at = now()`.execute(trx);
      await ensureBotSlots(trx, 12);
      const { rows } = await sql<{ inMs: number }>`
        select (extract(epoch from free_at - now()) * 1000)::integer as "inMs" from bot_slots order by id`.execute(
        trx,
      );
      expect(rows.map(({ inMs }) => inMs)).toEqual([...Array(10).fill(0), 1_000, 1_000]);
    });
  });
});

describe('the slots of claims', () => {
  /** So many slots, all of them free. */
  const useSlots = async (count: number) => {
    await ensureBotSlots(database.db, count);
    await sql`update bot_slots set free_at = now()`.execute(database.db);
  };

  /** When the sends begin of what was claimed together with these, in milliseconds after the first. */
  const beginningsOf = async (db: Db, replies: { notificationId: number }[]) => {
    const { rows } = await sql<{ ms: number }>`
      select (extract(epoch from n.lease_until - min(n.lease_until) over ()) * 1000)::double precision as ms
      from unnest(${replies.map(({ notificationId }) => notificationId)}::bigint[]) with ordinality as r (id, place)
        join notifications n using (id) order by r.place`.execute(db);
    return rows.map(({ ms }) => ms);
  };

  it('let those that are claimed together begin one after the other', async () => {
    await useSlots(3);
    const replies = await Promise.all([1, 2, 3].map(() => createReply(database.db)));
    await tryToClaim(database.db, replies, { spacingMs: 40 });
    expect(await beginningsOf(database.db, replies)).toEqual([0, 40, 80]);
  });

  it('are first for those whose chats are free first, and nobody begins before their chat is free', async () => {
    const [later, now] = [await createReply(database.db), await createReply(database.db)];
    // In one transaction the time stands still.
    await database.db.transaction().execute(async (trx) => {
      await sql`
        insert into chat_slots (chat_id, free_at, notification_id, claim)
        select telegram_id, now() + interval '200 milliseconds', 0, 0 from users where id = ${later.userId}`.execute(
        trx,
      );
      await sql`update bot_slots set free_at = now()`.execute(trx);
      await tryToClaim(trx, [later, now], { ...chats, spacingMs: 100 });
      expect(await beginningsOf(trx, [later, now])).toEqual([200, 0]);
    });
  });

  it('are held as long as the lease, and asked for again soon after they are free', async () => {
    await useSlots(1);
    const claimed = await claim(database.db, await createReply(database.db), { leaseMs: 60_000 });
    const next = await createReply(database.db);
    expect(await tryToClaim(database.db, [next])).toEqual([{ kind: 'closed', inMs: 1_000, pause: null }]);
    const { rows } = await sql<{ forMs: number }>`
      select extract(epoch from b.free_at - n.lease_until) * 1000 as "forMs"
      from bot_slots b join notifications n on n.id = b.notification_id and n.claim = b.claim
      where n.id = ${claimed.notificationId}`.execute(database.db);
    expect(rows.map(({ forMs }) => Number(forMs))).toEqual([0]);

    await sql`update bot_slots set free_at = now() + interval '500 milliseconds'`.execute(database.db);
    const [soon] = await tryToClaim(database.db, [next]);
    // The slot is given out 250 ms before it is free: half-way between the two.
    expect(soon?.kind === 'closed' && soon.inMs).toBeLessThanOrEqual(375);
    await useSlots(1_000);
  });

  it('are for sends that begin within two seconds after they were asked for', async () => {
    const reply = await createReply(database.db);
    const claiming = claim(database.db, reply);
    const askedBeforeMs = performance.now();
    expect((await claiming).slot.beginsByMs).toBeLessThanOrEqual(askedBeforeMs + 2_000);
  });
});

it('a claim waits for no slot that somebody else is just taking', async () => {
  const { db } = database;
  const reply = await createReply(db);
  await db.transaction().execute(async (trx) => {
    await sql`select from bot_slots for update`.execute(trx);
    expect(await tryToClaim(db, [reply])).toMatchObject([{ kind: 'closed', pause: null }]);
  });
});

it('a message that is no notification waits for its turn in a chat that is just being taken', async () => {
  const { db } = database;
  const options = { chatId: freshTelegramId(), leaseMs: 60_000, ...chats };
  const { second } = await db.transaction().execute(async (trx) => {
    expect(await takeDirectSlot(trx, options)).toHaveProperty('id');
    const second = takeDirectSlot(db, options);
    await vi.waitFor(async () => expect(await countWaiting(db)).toBe(1));
    return { second };
  });
  expect(await second).toHaveProperty('waitMs');
});

describe('what is given back when the lease has run out stays with its new holder:', () => {
  beforeEach(async () => {
    await ensureBotSlots(database.db, 1);
    await sql`update bot_slots set free_at = now()`.execute(database.db);
  });

  /** The only slot of the pace, and the slots of chats. */
  async function slots() {
    const { rows } = await sql`
      select id, free_at, notification_id, claim from bot_slots
      union all select chat_id, free_at, notification_id, claim from chat_slots order by id`.execute(
      database.db,
    );
    return rows;
  }

  /** Others that take over the slot of a claim and that of its chat. */
  const takeOver = {
    'another notification': async (of: Claim) =>
      claim(database.db, await replyTo(database.db, of.ticketId), chats),
    'another claim of the notification': async ({ notificationId }: Claim) => {
      const [recovered] = await takeBackClaims(database.db, { policy: 'resend', limit: 500 });
      return claim(database.db, { notificationId, epoch: recovered?.epoch ?? 0 }, chats);
    },
    'a message that is no notification': async ({ telegramId }: Claim) =>
      takeDirectSlot(database.db, { chatId: telegramId, leaseMs: 60_000, ...chats }),
  };

  const giveBack = {
    'a settle': (of: Claim) => settleNotifications(database.db, [sent(of)], chats.chatIntervalMs),
    'a refusal': (of: Claim) =>
      settleUnreachable(database.db, { ...reading(), claim: of, reason: 'bot_blocked', detail: 'Forbidden' }),
    'a release': (of: Claim) => release(database.db, of),
  };

  const cases = Object.entries(takeOver).flatMap(([holder, take]) =>
    Object.entries(giveBack).map(([what, give]) => [what, holder, give, take] as const),
  );
  it.each(cases)('%s, %s', async (_what, _holder, give, take) => {
    const slow = await claim(database.db, await createReply(database.db), { ...chats, leaseMs: 0 });
    await take(slow);
    const taken = await slots();
    await give(slow);
    expect(await slots()).toEqual(taken);
  });

  it('a message that is no notification, another such message', async () => {
    const { db } = database;
    const chatId = freshTelegramId();
    const slow = await takeDirectSlot(db, { chatId, leaseMs: 0, ...chats });
    if ('waitMs' in slow) throw new Error('No slot was taken');
    await takeDirectSlot(db, { chatId, leaseMs: 60_000, ...chats });
    const taken = await slots();
    await giveBackDirectSlot(db, slow, { ...reading(), chatTookIt: true }, chats.chatIntervalMs);
    expect(await slots()).toEqual(taken);
  });
});
