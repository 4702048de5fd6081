/**
 * What the simulator and its clients say to each other over `/simulator/*`. Every type here travels as JSON.
 */

/** One entity of a message as the Bot API returns it; `offset` and `length` count UTF-16 code units. */
export type MessageEntity = {
  type: string;
  offset: number;
  length: number;
  url?: string;
  user?: { id: number; is_bot: boolean; first_name: string };
  language?: string;
  custom_emoji_id?: string;
};

/** One accepted message: what reached the user. Never a refused one. */
export type LedgerItem = {
  /** 1, 2, 3… in the order of acceptance. */
  seq: number;
  /** When it was accepted: epoch milliseconds with decimals, from a clock that never steps back. */
  atMs: number;
  chatId: number;
  messageId: number;
  /** The text that the user sees. Empty when the ledger no longer keeps this message's text. */
  text: string;
  entities: MessageEntity[];
  /** The `text` parameter exactly as it was sent, markup included. */
  html: string;
  replyMarkup: unknown;
  /** The fault that hit the request although its message was accepted. */
  fault: FaultKind | null;
};

/** What a fault does to a request. */
export type FaultEffect =
  /** Telegram answers no. `scope` says for whom a 429's `retryAfterSeconds` holds; default `bot`. */
  | {
      kind: 'answer';
      errorCode: number;
      description: string;
      retryAfterSeconds?: number;
      scope?: 'bot' | 'chat';
    }
  /** Status 502 with an HTML page, as a gateway in front of Telegram answers. */
  | { kind: 'html502' }
  /** The connection is reset before anything is accepted. */
  | { kind: 'reset' }
  /** Accepted, then the connection is reset without an answer. */
  | { kind: 'accepted-then-reset' }
  /** Accepted, then an answer of status 200 whose body is cut in the middle. */
  | { kind: 'accepted-then-truncated' }
  /** Nothing is accepted and no answer ever comes. */
  | { kind: 'hang' }
  /** Accepted, and no answer ever comes. */
  | { kind: 'accepted-then-hang' }
  /** The request arrives `delayMs` later; then it is treated as usual. */
  | { kind: 'delay'; delayMs: number }
  /** 400: the group has become a supergroup, whose id the answer tells. The new chat exists from then on. */
  | { kind: 'migrate'; migrateToChatId: number }
  /** 401 to every method: the token was revoked. */
  | { kind: 'revoked' };

export type FaultKind = FaultEffect['kind'];

/** Which requests a fault hits. All conditions must hold. */
export type FaultCondition = {
  /** Ends the fault after it has hit so many requests. Default: it stays until it is removed. */
  times?: number;
  /** The method's name, or `*` for all. Default `sendMessage`, for `revoked` `*`. */
  method?: string;
  chatId?: number;
  /** 0 to 1, drawn from the seeded generator for each request that fits. Default 1. */
  probability?: number;
};

export type Fault = FaultEffect & FaultCondition;

/** A fault that is in force, and how many requests it has hit. */
export type ActiveFault = Fault & { id: number; hits: number };

/** What the simulator enforces; 0 means not enforced. */
export type Limits = { messagesPerSecond: number; chatIntervalMs: number };

/** Each request arrives `latencyMs` plus up to `jitterMs` (evenly spread) after it was received. */
export type Latency = { latencyMs: number; jitterMs: number };

/** What is known of a chat. A positive id is a user's private chat, a negative one a group. */
export type Chat = {
  id: number;
  /** The user has pressed Start. */
  started: boolean;
  /** The user has blocked the bot. */
  blocked: boolean;
  /** The user's account is gone. */
  deactivated: boolean;
  firstName: string;
  username: string | null;
  languageCode: string;
};

export type ChatChange = Partial<Omit<Chat, 'id'>>;

/** Counters since the start or the last reset. */
export type Stats = {
  /** Messages in the ledger. */
  accepted: number;
  /** Messages answered 429 because a rate was exceeded or a `retry_after` was running. */
  refused429: number;
  /** Of those, the ones that came while a `retry_after` ran that its sender could know of. */
  retryAfterViolations: number;
  /** Requests by method. */
  requests: Record<string, number>;
  /** Requests hit by a fault, by kind. */
  faultHits: Partial<Record<FaultKind, number>>;
  pendingUpdates: number;
};

/** What a user does in a chat: writes, or presses a button that carries `callback_data`. */
export type UserAction = { text: string } | { callback: { messageId: number; data: string } };

/** A line of a conversation as the page shows it. */
export type ConversationLine = {
  messageId: number;
  atMs: number;
  from: 'bot' | 'user';
  text: string;
  entities: MessageEntity[];
  replyMarkup: unknown;
};

export type ChatSummary = Chat & { last: { text: string; atMs: number; from: 'bot' | 'user' } | null };
