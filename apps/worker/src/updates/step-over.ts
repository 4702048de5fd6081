import { type Logger, reasonOf } from '@replybell/logger';
import type { Update } from '@replybell/telegram';

/** Handles an update; calls `onHeldUp` if somebody's open transaction is in its way for longer than a moment. */
type Handle = (update: Update, onHeldUp: (error: unknown) => void) => Promise<unknown>;

/** Each one that is held up tries again, and again, on a connection that deliveries need too. */
const MOST_HELD_UP = 10;

/**
 * Makes updates step over one that is held up, so that one user's row, held by hand, doesn't silence the bot for all. It
 * is tried again beside them until it is handled; what follows from the same chat waits for it, in its order. To Telegram
 * it counts as handled: a process that ends before is the end of it, and says so. Beyond ten chats the others wait.
 *
 * @returns a function that resolves when the update is handled or held up.
 */
export function stepOverHeldUp(handle: Handle, logger: Logger): (update: Update) => Promise<void> {
  const heldUp = new Map<number | undefined, Promise<void>>();

  return (update) => {
    const chatId = (update.my_chat_member ?? update.message)?.chat.id;
    const updateId = update.update_id;
    const before = heldUp.get(chatId);
    return new Promise((resolve, reject) => {
      let isSteppedOver = false;
      const stepOver = () => {
        isSteppedOver = true;
        heldUp.set(chatId, handling);
        resolve();
      };
      const tell = (error: unknown) => {
        logger.warn(
          { stage: 'update', updateId, reason: reasonOf(error) },
          "An update waits as its user's row is held: look in pg_stat_activity for a transaction that is open for long",
        );
        if (heldUp.size < MOST_HELD_UP) stepOver();
      };
      const handling: Promise<void> = Promise.resolve(before)
        .then(() => handle(update, tell))
        .then(() => resolve())
        .catch((error: unknown) => {
          if (!isSteppedOver) return reject(error);
          logger.error(
            { stage: 'update', updateId, reason: reasonOf(error) },
            'An update could not be handled',
          );
        })
        .finally(() => {
          if (heldUp.get(chatId) === handling) heldUp.delete(chatId);
        });
      if (before !== undefined) stepOver();
    });
  };
}
