import type { AttemptOutcome } from '@replybell/telegram';

/** After so many failures in a row over different chats it isn't a chat's fault, nor a message's. */
const STREAK = 3;
/** A chat that has failed so often while others were answered is at fault itself. */
const OWN_FAULTS = 2;
/** So many chats are remembered for it. */
const MOST_FAULTY = 1_000;

/** Whether an outcome speaks of Telegram or the network, rather than of one message or chat. */
export function isInfrastructureFailure(outcome: AttemptOutcome): boolean {
  return (
    outcome.outcome === 'unknown' ||
    (outcome.outcome === 'retry' &&
      ['telegram_error', 'not_telegram', 'no_connection'].includes(outcome.reason))
  );
}

/** Whether Telegram was asked at all: there was a message, and a connection. */
export const wasAsked = (outcome: AttemptOutcome): boolean =>
  !('reason' in outcome && (outcome.reason === 'no_connection' || outcome.reason === 'render_failed'));

export type FailureWatch = {
  /** Takes each outcome and tells whether it completes a streak: Telegram is away. */
  completesStreak(outcome: AttemptOutcome, chatId: number): boolean;
  /** Whether this chat fails again and again while others are answered: that is no outage. */
  isChatsOwnFault(chatId: number): boolean;
};

/** Watches the outcomes of a process. */
export function createFailureWatch(): FailureWatch {
  const failing = new Set<number | symbol>();
  /** Chats that have failed since another chat was last answered, and how often that was so before. */
  const suspects = new Set<number>();
  const faults = new Map<number, number>();
  const isChatsOwnFault = (chatId: number) => (faults.get(chatId) ?? 0) >= OWN_FAULTS;

  function noteAnswer(answered: number): void {
    failing.clear();
    suspects.delete(answered);
    for (const chatId of suspects) faults.set(chatId, (faults.get(chatId) ?? 0) + 1);
    suspects.clear();
    faults.delete(answered);
    for (const chatId of faults.keys()) {
      if (faults.size <= MOST_FAULTY) break;
      faults.delete(chatId);
    }
  }

  return {
    isChatsOwnFault,
    completesStreak(outcome, chatId) {
      if (!isInfrastructureFailure(outcome)) {
        if (wasAsked(outcome)) noteAnswer(chatId);
        return false;
      }
      if ('reason' in outcome && outcome.reason === 'no_connection') {
        // Where no connection can be made, the chat plays no part.
        failing.add(Symbol());
      } else {
        suspects.add(chatId);
        if (isChatsOwnFault(chatId)) return false;
        failing.add(chatId);
      }
      if (failing.size < STREAK) return false;
      failing.clear();
      return true;
    },
  };
}
