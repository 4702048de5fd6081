import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@replybell/logger';
import type { OutgoingMessage } from '@replybell/telegram';
import { type PacedOptions, sendPaced } from './send-paced.ts';

export type Answers = {
  /** Takes a message and sends it when the pace allows; whoever calls doesn't wait. */
  answer(message: OutgoingMessage): void;
  /** Waits until everything taken so far is sent, at most so many milliseconds. */
  finish(withinMs: number): Promise<void>;
};

/** An answer that comes later than this is no answer any more. In milliseconds. */
const TIMEOUT_MS = 30_000;
/** Beyond, answers are dropped: a crowd that keeps pressing Start must not fill the memory. */
const MAX_CHATS = 1_000;

/**
 * Sends what the bot says to users. One message of a chat is under way at a time, and of those that come meanwhile
 * only the last is sent: who writes a hundred times gets no hundred answers.
 */
export function createAnswers(options: Omit<PacedOptions, 'timeoutMs'>): Answers {
  const { logger } = options;
  /** By chat: what is to be said next, if anything, and the sending that is under way. */
  const chats = new Map<number, { next: OutgoingMessage | undefined; sending: Promise<void> }>();

  async function send(message: OutgoingMessage): Promise<void> {
    try {
      const result = await sendPaced(message, { ...options, timeoutMs: TIMEOUT_MS });
      if (result.kind === 'accepted') return;
      logger.warn({ stage: 'update', telegramId: message.chatId, ...result }, 'An answer could not be sent');
    } catch (error) {
      logger.warn({ stage: 'update', reason: reasonOf(error) }, 'An answer could not be sent');
    }
  }

  async function talk(first: OutgoingMessage): Promise<void> {
    let message: OutgoingMessage | undefined = first;
    while (message) {
      await send(message);
      const chat = chats.get(first.chatId);
      message = chat?.next;
      if (chat) chat.next = undefined;
    }
    chats.delete(first.chatId);
  }

  return {
    answer(message) {
      const chat = chats.get(message.chatId);
      if (chat) chat.next = message;
      else if (chats.size < MAX_CHATS) {
        chats.set(message.chatId, { next: undefined, sending: talk(message) });
      }
    },
    async finish(withinMs) {
      const late = sleep(withinMs, undefined, { ref: false });
      await Promise.race([Promise.all([...chats.values()].map((chat) => chat.sending)), late]);
    },
  };
}
