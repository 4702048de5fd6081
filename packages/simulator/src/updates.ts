import { createChangeSignal } from './change-signal.ts';

/** An update as the Bot API delivers it, by polling or to the webhook. */
export type Update = { update_id: number; [kind: string]: unknown };

type UpdateKind = 'message' | 'my_chat_member' | 'callback_query';

/** The updates that the bot has not confirmed yet, oldest first. */
export type UpdateQueue = {
  readonly pending: number;
  /** Adds an update, unless the bot doesn't want this kind. */
  push(kind: UpdateKind, payload: unknown): void;
  /** The oldest updates from `offset` on. */
  peek(offset: number, limit: number): Update[];
  /** Forgets all updates before `offset`. */
  confirm(offset: number): void;
  /** The kinds that the bot wants from now on; null or none: all. */
  allow(kinds: string[] | null): void;
  readonly allowed: string[];
  /** Resolves when an update with an id of at least `offset` is there, or `signal` is aborted. */
  arrival(offset: number, signal: AbortSignal): Promise<void>;
  clear(): void;
};

export function createUpdateQueue(): UpdateQueue {
  let queue: Update[] = [];
  let nextId = 1;
  let allowed: string[] = [];
  const arrivals = createChangeSignal();
  const peek = (offset: number, limit: number) =>
    queue.filter((update) => update.update_id >= offset).slice(0, limit);

  return {
    get pending() {
      return queue.length;
    },
    get allowed() {
      return allowed;
    },
    push(kind, payload) {
      if (allowed.length > 0 && !allowed.includes(kind)) return;
      queue.push({ update_id: nextId++, [kind]: payload });
      arrivals.touch();
    },
    peek,
    confirm(offset) {
      queue = queue.filter((update) => update.update_id >= offset);
    },
    allow(kinds) {
      allowed = kinds ?? [];
    },
    async arrival(offset, signal) {
      while (!signal.aborted && peek(offset, 1).length === 0) {
        await arrivals.changed(arrivals.version, signal);
      }
    },
    clear() {
      queue = [];
    },
  };
}
