import type { Limits } from './contract.ts';

const WINDOW_MS = 1_000;

export type MessageLimits = {
  get(): Limits;
  /** Replaces what is enforced and forgets what was accepted so far. */
  set(limits: Limits): void;
  /** Whole seconds left of a `retry_after` that forbids this request, or null. Counts refusals and violations. */
  penalty(chatId: number, receivedAtMs: number, atMs: number): number | null;
  /** Accepts a message (null), or refuses it with `retry_after` in whole seconds, which then holds. */
  admit(chatId: number, atMs: number): number | null;
  /** Starts a `retry_after` for one chat, or for all when `chatId` is null. */
  impose(chatId: number | null, retryAfterSeconds: number, atMs: number): void;
  readonly refused429: number;
  readonly violations: number;
  /** Forgets penalties, accepted messages and counters; the limits stay. */
  reset(): void;
};

type Penalty = { untilMs: number; announcedAtMs: number };

/**
 * Telegram's rates, strictly: in any 1,000 ms at most `messagesPerSecond` messages are accepted over all chats,
 * and between two messages to one chat lie `chatIntervalMs`. A refusal for the bot's rate forbids every chat until
 * its `retry_after` has passed; one for a chat's rate forbids that chat.
 *
 * @param graceMs how long a sender may take to make all its processes know of a `retry_after`.
 */
export function createMessageLimits(initial: Limits, graceMs: number): MessageLimits {
  let limits = initial;
  let recent = createRecentTimes(limits.messagesPerSecond);
  let botPenalty: Penalty | null = null;
  let refused429 = 0;
  let violations = 0;
  const chatPenalties = new Map<number, Penalty>();
  const lastInChat = new Map<number, number>();

  function impose(chatId: number | null, retryAfterSeconds: number, atMs: number): void {
    const penalty = { untilMs: atMs + retryAfterSeconds * 1000, announcedAtMs: atMs };
    if (chatId === null) botPenalty = penalty;
    else chatPenalties.set(chatId, penalty);
  }

  function refuse(chatId: number | null, waitMs: number, atMs: number): number {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    refused429 += 1;
    impose(chatId, retryAfterSeconds, atMs);
    return retryAfterSeconds;
  }

  function forget(): void {
    recent = createRecentTimes(limits.messagesPerSecond);
    botPenalty = null;
    chatPenalties.clear();
    lastInChat.clear();
  }

  return {
    get: () => limits,
    set(next) {
      limits = next;
      forget();
    },
    penalty(chatId, receivedAtMs, atMs) {
      const chatPenalty = chatPenalties.get(chatId) ?? null;
      if (chatPenalty !== null && chatPenalty.untilMs <= atMs) chatPenalties.delete(chatId);
      const running = [botPenalty, chatPenalty]
        .filter((penalty) => penalty !== null)
        .filter((penalty) => penalty.untilMs > atMs);
      if (running.length === 0) return null;
      refused429 += 1;
      if (running.some((penalty) => receivedAtMs > penalty.announcedAtMs + graceMs)) violations += 1;
      const untilMs = Math.max(...running.map((penalty) => penalty.untilMs));
      return Math.ceil((untilMs - atMs) / 1000);
    },
    admit(chatId, atMs) {
      const { messagesPerSecond, chatIntervalMs } = limits;
      if (messagesPerSecond > 0) {
        const freeAtMs = recent.oldest() + WINDOW_MS;
        if (atMs < freeAtMs) return refuse(null, freeAtMs - atMs, atMs);
      }
      if (chatIntervalMs > 0) {
        const freeAtMs = (lastInChat.get(chatId) ?? Number.NEGATIVE_INFINITY) + chatIntervalMs;
        if (atMs < freeAtMs) return refuse(chatId, freeAtMs - atMs, atMs);
        lastInChat.delete(chatId); // so that the map stays in the order of time
        lastInChat.set(chatId, atMs);
        dropOlder(lastInChat, atMs - chatIntervalMs);
      }
      recent.add(atMs);
      return null;
    },
    impose,
    get refused429() {
      return refused429;
    },
    get violations() {
      return violations;
    },
    reset() {
      forget();
      refused429 = 0;
      violations = 0;
    },
  };
}

/** The times of the last `size` messages; `oldest()` is the one `size` messages ago. */
function createRecentTimes(size: number): { oldest(): number; add(atMs: number): void } {
  const ring = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return {
    oldest: () => ring[next] ?? Number.NEGATIVE_INFINITY,
    add(atMs) {
      if (size === 0) return;
      ring[next] = atMs;
      next = (next + 1) % size;
    },
  };
}

function dropOlder(times: Map<number, number>, thanMs: number): void {
  for (const [chatId, atMs] of times) {
    if (atMs > thanMs) return;
    times.delete(chatId);
  }
}
