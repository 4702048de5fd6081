import type { FaultKind, LedgerItem, MessageEntity } from './contract.ts';
import type { LedgerFile } from './ledger-file.ts';
import { createNumberColumn } from './number-column.ts';

/** What a message says, apart from its place in the ledger. */
export type MessageContent = {
  text: string;
  entities: MessageEntity[];
  html: string;
  replyMarkup: unknown;
};

export type LedgerQuery = {
  /** Only this chat. */
  chatId?: number | undefined;
  /** Only items with a greater `seq`. */
  after?: number | undefined;
  /** At most so many, the oldest first. */
  limit?: number | undefined;
};

/** The list of accepted messages: the truth about what the users got. */
export type Ledger = {
  readonly size: number;
  /** Adds an item; returns when it is in the ledger's file too. */
  append(item: LedgerItem): void;
  /** Adds an item that the file already holds. */
  restore(item: LedgerItem): void;
  /** The items that fit, oldest first. */
  list(query?: LedgerQuery): LedgerItem[];
  /** The newest items that fit, newest first. */
  newest(limit: number, chatId?: number): LedgerItem[];
  /** How many items fit. */
  count(query: LedgerQuery): number;
  /** Replaces what a message says (an edit). False when there is no such message. */
  replaceContent(chatId: number, messageId: number, content: MessageContent): boolean;
  /** Called with each item that is added, until the returned function is called. */
  subscribe(listener: (item: LedgerItem) => void): () => void;
  clear(): void;
  close(): void;
};

type Kept = MessageContent & { fault: FaultKind | null };

const FORGOTTEN: Kept = { text: '', entities: [], html: '', replyMarkup: null, fault: null };

/**
 * Keeps ids and times of every message (24 bytes each) and the texts of the newest `textsKept`, so that a
 * benchmark of a million messages fits into memory. `file`, when given, keeps all of everything.
 */
export function createLedger(textsKept: number, file: LedgerFile | null): Ledger {
  const times = createNumberColumn();
  const chatIds = createNumberColumn();
  const messageIds = createNumberColumn();
  const contents = new Map<number, Kept>();
  const listeners = new Set<(item: LedgerItem) => void>();

  function itemAt(index: number): LedgerItem {
    return {
      seq: index + 1,
      atMs: times.at(index),
      chatId: chatIds.at(index),
      messageId: messageIds.at(index),
      ...(contents.get(index) ?? FORGOTTEN),
    };
  }

  function* indexes({ chatId, after = 0, limit = Number.POSITIVE_INFINITY }: LedgerQuery): Generator<number> {
    let found = 0;
    for (let index = after; index < times.length && found < limit; index++) {
      if (chatId !== undefined && chatIds.at(index) !== chatId) continue;
      found += 1;
      yield index;
    }
  }

  function restore(item: LedgerItem): void {
    const index = times.length;
    times.push(item.atMs);
    chatIds.push(item.chatId);
    messageIds.push(item.messageId);
    if (textsKept === 0) return;
    const { text, entities, html, replyMarkup, fault } = item;
    contents.set(index, { text, entities, html, replyMarkup, fault });
    contents.delete(index - textsKept);
  }

  return {
    get size() {
      return times.length;
    },
    restore,
    append(item) {
      file?.append(item);
      restore(item);
      for (const listener of listeners) listener(item);
    },
    list: (query = {}) => Array.from(indexes(query), itemAt),
    newest(limit, chatId) {
      const items: LedgerItem[] = [];
      for (let index = times.length - 1; index >= 0 && items.length < limit; index--) {
        if (chatId === undefined || chatIds.at(index) === chatId) items.push(itemAt(index));
      }
      return items;
    },
    count({ chatId, after = 0, limit }) {
      if (chatId === undefined && limit === undefined) return Math.max(0, times.length - after);
      let count = 0;
      for (const _ of indexes({ chatId, after, limit })) count += 1;
      return count;
    },
    replaceContent(chatId, messageId, content) {
      for (let index = times.length - 1; index >= 0; index--) {
        if (messageIds.at(index) !== messageId || chatIds.at(index) !== chatId) continue;
        const fault = contents.get(index)?.fault ?? null;
        contents.set(index, { ...content, fault });
        return true;
      }
      return false;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    clear() {
      for (const column of [times, chatIds, messageIds]) column.clear();
      contents.clear();
      file?.clear();
    },
    close: () => file?.close(),
  };
}
