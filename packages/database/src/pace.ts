import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * The bot's pace is a closed loop. There is one slot for each message that may be sent within a second. A claim takes a
 * slot; the slot is free again one second after the send was answered, less the least round trip seen: the next
 * request then reaches Telegram at least a second after this one did, however long both were on their way. A killed
 * worker's slots free themselves when no send of its can be under way any more.
 */

/** Claims are given slots that become free so soon; the worker waits for the moment. In milliseconds. */
export const GRANT_AHEAD_MS = 250;

/** A send begins so soon after its claim or not at all. In milliseconds. */
export const CLAIM_TO_SEND_MS = 2_000;

/** The way to the send (`CLAIM_TO_SEND_MS`), and from the answer to what is made of it. In milliseconds. */
const LEASE_MARGIN_MS = 6_000;

/** How long a claim, or a slot, is held for a send that takes `sendTimeoutMs` at the longest, in milliseconds. */
export const leaseMsFor = (sendTimeoutMs: number): number => sendTimeoutMs + LEASE_MARGIN_MS;

/** Between two sends in one slot, in milliseconds. */
export const BOT_INTERVAL_MS = 1_000;

/** So much of the least round trip may be this process's own time, in milliseconds: only what is beyond is the network's. */
const OWN_TIME_MS = 5;
/** Twice what two clocks that run 50 ppm apart differ by after a second. In milliseconds. */
const GUARD_MS = 0.1;

export type PaceReading = {
  /** When the answer came, by `performance.now()`. */
  answeredAtMs: number;
  /** The least time between a request and its answer that this process has seen, in milliseconds; 0 if none. */
  leastRoundTripMs: number;
};

/** How many milliseconds from now a send may follow one that was answered, if `intervalMs` must lie between two. */
export function freeInMs({ answeredAtMs, leastRoundTripMs }: PaceReading, intervalMs: number): number {
  const sinceAnswerMs = performance.now() - answeredAtMs;
  const networkMs = Math.min(Math.max(0, leastRoundTripMs - OWN_TIME_MS), intervalMs);
  return intervalMs + GUARD_MS - networkMs - sinceAnswerMs;
}

/** Makes as many slots as messages may be sent in a second. New ones are free after a second: others may have just sent. */
export async function ensureBotSlots(db: Db, messagesPerSecond: number): Promise<void> {
  await sql`delete from bot_slots where id > ${messagesPerSecond}`.execute(db);
  await sql`
    insert into bot_slots (id, free_at)
    select id, now() + interval '1 second' from generate_series(1, ${messagesPerSecond}::integer) as id
    where (select count(*) from bot_slots) < ${messagesPerSecond}::integer
    on conflict do nothing`.execute(db);
}
