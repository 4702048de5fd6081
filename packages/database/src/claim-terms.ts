import type { ServerClock } from './server-clock.ts';
import type { Trial } from './throttle.ts';

export type ClaimRequest = {
  notificationId: number;
  /** The epoch in the job's id. Jobs of an earlier epoch are stale. */
  epoch: number;
  /** `attemptsMade` of the job: tells an operator's retry of a failed job from the return of a stalled one. */
  run: number;
  /** Names the claimer. */
  token: string;
  /** The same was asked before and the answer was lost: what it may have taken is given back first. */
  isRepeated?: boolean;
};

export type ClaimOptions = {
  /** How long the claim holds without a settle, in milliseconds on the database's clock. */
  leaseMs: number;
  /** The least time between the starts of sends that are claimed together, in milliseconds. */
  spacingMs: number;
  /** 0: chats have no pace of their own. */
  chatIntervalMs: number;
  /** Whether one message speaks for all of a ticket's waiting notifications. */
  folding: boolean;
  /** What has waited longer is not sent any more, in hours. */
  ttlHours: number;
  /** Of the token that would send: a pause for a refused token holds for the same token only. */
  tokenFingerprint: string;
  /** With it the claim is to try whether a 429 is over. */
  trial?: Trial;
  /** Kept from call to call. */
  clock: ServerClock;
};

/** All that a send needs, fixed at the moment of the claim. */
export type Claim = {
  notificationId: number;
  ticketId: number;
  userId: number;
  /** How often it was claimed, this time included (`notifications.claim`): only the latest claim is settled. */
  fence: number;
  /** Its claimer's. */
  token: string;
  telegramId: number;
  contactVersion: number;
  /** Whether Telegram couldn't reach the user before: a message that arrives then frees what is parked. */
  wasUnreachable: boolean;
  locale: string;
  subject: string;
  /** Of another system's ticket: the address that the button opens; null for the Mini App's. */
  buttonUrl: string | null;
  requestId: string | null;
  /** Answers of kind `retry` so far. */
  retries: number;
  /** Attempts with unknown outcome so far. */
  unknowns: number;
  /** How many replies the message tells of: this one's and those folded into it. */
  replies: number;
  /** Not null: all other deliveries wait for this one's answer, which ends the pause for a 429 unless it is another. */
  trial: Trial | null;
  slot: Slot;
};

/** A place in the bot's pace. */
type Slot = {
  id: number;
  /** The send may begin at this moment of `performance.now()`, not sooner. */
  startsAtMs: number;
  /** Later than this it must not begin: the lease has to outlast it. */
  beginsByMs: number;
};
