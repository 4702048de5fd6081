import type {
  ActiveFault,
  Chat,
  ChatChange,
  Fault,
  Latency,
  LedgerItem,
  Limits,
  Stats,
  UserAction,
} from './contract.ts';

const PAGE_SIZE = 1_000;
const LONGEST_WAIT_MS = 30_000;

export type LedgerFilter = {
  chatId?: number;
  /** Only messages with a greater `seq`. */
  after?: number;
};

/** Drives a simulator in another process. Every function rejects when the simulator is away or refuses. */
export type SimulatorClient = {
  url: string;
  /** All accepted messages that fit, oldest first. */
  ledger(filter?: LedgerFilter): Promise<LedgerItem[]>;
  /**
   * Resolves with the messages that fit as soon as there are at least `count`. Rejects after `timeoutMs` (default
   * 10,000) with the number that had come.
   */
  waitForMessages(count: number, options?: LedgerFilter & { timeoutMs?: number }): Promise<LedgerItem[]>;
  stats(): Promise<Stats>;
  addFault(fault: Fault): Promise<ActiveFault>;
  faults(): Promise<ActiveFault[]>;
  removeFault(id: number): Promise<void>;
  clearFaults(): Promise<void>;
  /** Enforces these limits; what is left out stays. */
  setLimits(limits: Partial<Limits>): Promise<void>;
  /** What is left out is 0. */
  setLatency(latency: Partial<Latency>): Promise<void>;
  changeChat(chatId: number, change: ChatChange): Promise<Chat>;
  /** Writes to the bot, or presses a button, as the user. */
  actAsUser(chatId: number, action: UserAction): Promise<void>;
  /** Forgets messages, chats, updates, faults and counters. */
  reset(): Promise<void>;
};

/** A client of the simulator at `url`, its base address without a path. */
export function createSimulatorClient(url: string): SimulatorClient {
  async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${url}/simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  type LedgerAnswer = { items: LedgerItem[]; count: number };
  function ledgerPath(filter: Record<string, number | undefined>): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) {
      if (value !== undefined) query.set(name, String(value));
    }
    return `ledger?${query}`;
  }

  async function ledger({ chatId, after = 0 }: LedgerFilter = {}): Promise<LedgerItem[]> {
    const all: LedgerItem[] = [];
    for (;;) {
      const from = all.at(-1)?.seq ?? after;
      const page = await request<LedgerAnswer>('GET', ledgerPath({ chatId, after: from, limit: PAGE_SIZE }));
      all.push(...page.items);
      if (page.items.length < PAGE_SIZE) return all;
    }
  }

  return {
    url,
    ledger,
    async waitForMessages(count, { timeoutMs = 10_000, chatId, after } = {}) {
      const untilMs = performance.now() + timeoutMs;
      for (;;) {
        const leftMs = Math.max(0, Math.ceil(untilMs - performance.now()));
        const waitMs = Math.min(leftMs, LONGEST_WAIT_MS);
        const answer = await request<LedgerAnswer>(
          'GET',
          ledgerPath({ chatId, after, count, waitMs, limit: 0 }),
        );
        if (answer.count >= count)
          return ledger({ ...(chatId === undefined ? {} : { chatId }), after: after ?? 0 });
        if (leftMs === 0) {
          throw new Error(`waited ${timeoutMs} ms for ${count} messages, ${answer.count} came`);
        }
      }
    },
    stats: () => request('GET', 'stats'),
    addFault: (fault) => request('POST', 'faults', fault),
    faults: () => request('GET', 'faults'),
    removeFault: async (id) => void (await request('DELETE', `faults/${id}`)),
    clearFaults: async () => void (await request('DELETE', 'faults')),
    setLimits: async (limits) => void (await request('POST', 'limits', limits)),
    setLatency: async (latency) => void (await request('POST', 'latency', latency)),
    changeChat: (chatId, change) => request('POST', `chats/${chatId}`, change),
    actAsUser: async (chatId, action) => void (await request('POST', `chats/${chatId}/updates`, action)),
    reset: async () => void (await request('POST', 'reset')),
  };
}
