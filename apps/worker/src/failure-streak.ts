import type { AttemptOutcome } from '@replybell/telegram';

/** After so many failures in a row over different chats it isn't a chat's fault, nor a message's. */
const STREAK = 3;

/** Whether an outcome speaks of Telegram or the network, rather than of one message or chat. */
export function isInfrastructureFailure(outcome: AttemptOutcome): boolean {
  return (
    outcome.outcome === 'unknown' ||
    (outcome.outcome === 'retry' &&
      ['telegram_error', 'not_telegram', 'no_connection'].includes(outcome.reason))
  );
}

/**
 * Watches the outcomes of a process.
 *
 * @returns a function that takes each outcome and tells whether it completes a streak: Telegram is away.
 */
export function createFailureStreak(): (outcome: AttemptOutcome, chatId: number) => boolean {
  const failing = new Set<number | symbol>();
  return (outcome, chatId) => {
    if (!isInfrastructureFailure(outcome)) {
      failing.clear();
      return false;
    }
    // Where no connection can be made, the chat plays no part.
    failing.add('reason' in outcome && outcome.reason === 'no_connection' ? Symbol() : chatId);
    if (failing.size < STREAK) return false;
    failing.clear();
    return true;
  };
}
