import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import { inMs, milliseconds } from './durations.ts';
import { BOT_INTERVAL_MS, freeInMs, GRANT_AHEAD_MS, type PaceReading } from './pace.ts';
import { holdsBack, inForce } from './pauses.ts';
import type { Db, PauseKind } from './schema.ts';

/** A place in the bot's and a chat's pace for one message that is no notification. */
export type DirectSlot = {
  chatId: number;
  /** Stands in both slots where a notification's claim would. */
  claim: number;
  id: number;
  /** The send may begin so many milliseconds from now, not sooner. */
  startsInMs: number;
};

export type DirectSlotOptions = {
  chatId: number;
  /** How long the slot is held if it isn't given back, in milliseconds: longer than the send can take. */
  leaseMs: number;
  /** 0: chats have no pace of their own. */
  chatIntervalMs: number;
};

/** Slots ask whose send it is: no notification has this id. */
const NO_NOTIFICATION = 0;
const MAX_CLAIM = 2 ** 31 - 1;
/** Somebody else is taking the slot at this moment. In milliseconds. */
const SHORTEST_WAIT_MS = 5;
/** While a send to the chat is under way nobody knows when it ends. In milliseconds. */
const LONGEST_WAIT_MS = 250;

/**
 * Takes a slot as the claim of a notification does, so that all messages together keep the pace. Whether deliveries are
 * paused is not asked here: `findDirectPause`.
 *
 * @returns the slot, or in how many milliseconds it is worth asking again.
 */
export async function takeDirectSlot(
  db: Db,
  { chatId, leaseMs, chatIntervalMs }: DirectSlotOptions,
): Promise<DirectSlot | { waitMs: number }> {
  const claim = randomInt(1, MAX_CLAIM);
  const lease = milliseconds(leaseMs);
  const soon = sql`now() + ${milliseconds(GRANT_AHEAD_MS)}`;
  const { rows } = await sql<{
    id: number | null;
    startsInMs: number;
    slotFreeInMs: number | null;
    chatFreeInMs: number | null;
  }>`
    with free_slot as (
      select id, free_at from bot_slots where free_at <= ${soon} order by free_at limit 1 for update skip locked
    ), placed as (
      select f.id, greatest(f.free_at, c.free_at, now()) as starts_at
      from free_slot f left join chat_slots c on c.chat_id = ${chatId} and ${chatIntervalMs} > 0
      where c.free_at is null or c.free_at <= ${soon}
    ), chat_taken as (
      -- Whoever takes the chat at the same moment waits here for the other's commit, and then finds it taken.
      insert into chat_slots as c (chat_id, free_at, notification_id, claim)
      select ${chatId}, starts_at + ${lease}, ${NO_NOTIFICATION}, ${claim} from placed where ${chatIntervalMs} > 0
      on conflict (chat_id) do update
        set free_at = excluded.free_at, notification_id = excluded.notification_id, claim = excluded.claim
        where c.free_at <= ${soon}
      returning chat_id
    ), taken as (
      update bot_slots b
      set free_at = p.starts_at + ${lease}, notification_id = ${NO_NOTIFICATION}, claim = ${claim}
      from placed p left join chat_taken on true
      where b.id = p.id and (chat_taken.chat_id is not null or ${chatIntervalMs} <= 0)
      returning b.id, p.starts_at
    )
    select t.id, ${inMs(sql`t.starts_at - clock_timestamp()`)} as "startsInMs",
      ${inMs(sql`(select min(free_at) from bot_slots) - clock_timestamp()`)} as "slotFreeInMs",
      ${inMs(sql`(select free_at from chat_slots where chat_id = ${chatId}) - clock_timestamp()`)} as "chatFreeInMs"
    from (select) as always left join taken t on true`.execute(db);
  const [row] = rows;
  if (row && row.id !== null) {
    return { chatId, claim, id: row.id, startsInMs: Math.max(0, row.startsInMs) };
  }
  const freeInMs = Math.max(row?.slotFreeInMs ?? LONGEST_WAIT_MS, row?.chatFreeInMs ?? 0) - GRANT_AHEAD_MS;
  return { waitMs: Math.min(Math.max(freeInMs, SHORTEST_WAIT_MS), LONGEST_WAIT_MS) };
}

/**
 * Gives a slot back after the answer, as settling does.
 *
 * @param answer null if the request never left: the pace is then as if the slot had not been taken.
 * @param answer.chatTookIt whether the chat got a message, or may have: only then the next one waits.
 */
export async function giveBackDirectSlot(
  db: Db,
  { chatId, claim, id }: DirectSlot,
  answer: (PaceReading & { chatTookIt: boolean }) | null,
  chatIntervalMs: number,
): Promise<void> {
  const botFreeInMs = answer ? freeInMs(answer, BOT_INTERVAL_MS) : 0;
  const chatFreeInMs = answer?.chatTookIt ? freeInMs(answer, chatIntervalMs) : 0;
  await sql`
    with bot as (
      update bot_slots set free_at = now() + ${milliseconds(botFreeInMs)}
      where id = ${id} and notification_id = ${NO_NOTIFICATION} and claim = ${claim}
    )
    update chat_slots set free_at = now() + ${milliseconds(chatFreeInMs)}
    where chat_id = ${chatId} and notification_id = ${NO_NOTIFICATION} and claim = ${claim}`.execute(db);
}

export type DirectPause = { kind: Exclude<PauseKind, 'operator'>; reason: string; endsInMs: number | null };

/**
 * What holds back every message now: Telegram asked to wait, is away, or refuses the token. An operator's pause is none
 * of these, as it holds back notifications, not answers to somebody who waits for them.
 *
 * @returns the pause that lasts longest; `endsInMs` is null if nobody knows its end.
 */
export async function findDirectPause(db: Db, tokenFingerprint: string): Promise<DirectPause | undefined> {
  const { rows } = await sql<DirectPause>`
    select kind, reason, case when kind = 'throttled'
      then ${inMs(sql`paused_until - clock_timestamp()`)} end as "endsInMs"
    from delivery_pauses
    where ${inForce} and kind <> 'operator' and ${holdsBack(tokenFingerprint)}
    order by "endsInMs" desc nulls first limit 1`.execute(db);
  return rows[0];
}
