import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Db,
  type DirectPause,
  type DirectSlot,
  findDirectPause,
  giveBackDirectSlot,
  leaseMsFor,
  pauseThrottled,
  takeDirectSlot,
} from '@replybell/database';
import { type Logger, reasonOf } from '@replybell/logger';
import { type AttemptOutcome, classifyAnswer, type OutgoingMessage, type Sender } from '@replybell/telegram';

export type PacedOptions = {
  db: Db;
  sender: Sender;
  /** Of the token that the sender has. */
  tokenFingerprint: string;
  /** TELEGRAM_CHAT_INTERVAL_MS. */
  chatIntervalMs: number;
  /** How long the sender waits for an answer, in milliseconds. */
  sendTimeoutMs: number;
  /** How long to wait for a slot, in milliseconds. */
  timeoutMs: number;
  logger: Logger;
};

export type PacedResult =
  | { kind: 'accepted'; telegramMessageId: number | null }
  /** Telegram said no, or nothing: `outcome` says which, `reason` is its stable code. */
  | { kind: 'refused'; outcome: Exclude<AttemptOutcome['outcome'], 'sent'>; reason: string; detail: string }
  /** No slot was free in time: too many messages wait. Nothing was sent. */
  | { kind: 'no_slot' }
  /** Telegram takes no messages now, for this reason. Nothing was sent. */
  | { kind: 'paused'; pause: DirectPause['kind']; reason: string };

/**
 * Sends a message that is no notification (an answer of the bot's, a test): once, in the pace of all messages, and never
 * while Telegram asked to wait.
 *
 * @throws what Postgres throws while it is away; nothing was sent then.
 */
export async function sendPaced(message: OutgoingMessage, options: PacedOptions): Promise<PacedResult> {
  const { db, chatIntervalMs, logger } = options;
  const slot = await waitForSlot(message.chatId, options);
  if ('kind' in slot) return slot;

  // A timer may fire up to a millisecond early.
  await sleep(Math.ceil(slot.startsInMs) + 1);
  const pause = await findDirectPause(db, options.tokenFingerprint);
  if (pause) {
    await giveBackDirectSlot(db, slot, null, chatIntervalMs);
    return paused(pause);
  }
  const outcome = classifyAnswer(await options.sender.send(message));
  const answer = {
    answeredAtMs: performance.now(),
    leastRoundTripMs: options.sender.leastRoundTripMs(),
    chatTookIt: outcome.outcome === 'sent' || outcome.outcome === 'unknown',
  };
  try {
    if (outcome.outcome === 'throttled') await pauseThrottled(db, outcome);
    await giveBackDirectSlot(db, slot, answer, chatIntervalMs);
  } catch (error) {
    // What Telegram said is known all the same, and the slot's lease gives it back.
    logger.warn({ reason: reasonOf(error) }, 'A slot could not be given back');
  }
  if (outcome.outcome === 'sent') return { kind: 'accepted', telegramMessageId: outcome.telegramMessageId };
  return { kind: 'refused', outcome: outcome.outcome, reason: outcome.reason, detail: outcome.detail };
}

/** Waits for a slot, and for the end of a 429's time where it is near enough. */
async function waitForSlot(
  chatId: number,
  { db, tokenFingerprint, chatIntervalMs, sendTimeoutMs, timeoutMs }: PacedOptions,
): Promise<DirectSlot | Exclude<PacedResult, { kind: 'accepted' | 'refused' }>> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = untilMs - performance.now();
    const pause = await findDirectPause(db, tokenFingerprint);
    if (pause && (pause.endsInMs === null || pause.endsInMs > leftMs)) return paused(pause);
    if (pause?.endsInMs) {
      await sleep(Math.ceil(pause.endsInMs) + 1);
      continue;
    }
    const slot = await takeDirectSlot(db, { chatId, leaseMs: leaseMsFor(sendTimeoutMs), chatIntervalMs });
    if ('id' in slot) return slot;
    if (slot.waitMs > leftMs) return { kind: 'no_slot' };
    await sleep(slot.waitMs);
  }
}

const paused = ({ kind, reason }: DirectPause) => ({ kind: 'paused', pause: kind, reason }) as const;
