import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleBotRequest } from './bot-api/handle-request.ts';
import { createChangeSignal } from './change-signal.ts';
import { createChats } from './chats.ts';
import type { Latency, Limits } from './contract.ts';
import { handleControlRequest } from './control.ts';
import { createFaults } from './faults.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openLedgerFile, readLedgerFile } from './ledger-file.ts';
import { createMessageLimits } from './limits.ts';
import { servePage } from './page.ts';
import { createRandom } from './random.ts';
import type { SimulatorState } from './state.ts';
import { createUpdateQueue } from './updates.ts';
import { createWebhook } from './webhook.ts';

/** The token that the simulator accepts when none is given. Telegram would refuse it at sight. */
export const DEMO_BOT_TOKEN = '1:demo-token-of-the-simulator';

export type SimulatorOptions = {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** The only token that is not answered 401. Default `DEMO_BOT_TOKEN`. */
  token?: string;
  /** The bot's name without `@`, as `getMe` tells it. Default `replybell_demo_bot`. */
  username?: string;
  /** A file of JSON lines. Each accepted message is appended before it is answered; what it holds is read at the start. */
  ledgerPath?: string;
  /** How many of the newest messages keep their text in memory. Default 20,000; 0 keeps ids only. */
  textsKept?: number;
  /** Default: nothing is enforced. */
  limits?: Partial<Limits>;
  /** How long after a `retry_after` requests are no violation of it yet, in milliseconds. Default 100. */
  graceMs?: number;
  /** Default: no latency. */
  latency?: Partial<Latency>;
  /** Seeds the choices of faults with a probability, and the jitter. Default 1. */
  seed?: number;
  /** Any positive chat id is a user who has started the bot. Default true. */
  knowsEveryUser?: boolean;
  /** Accept plain http in `web_app` buttons, as Telegram's test environment does. Default false. */
  allowHttpWebApps?: boolean;
};

export type Simulator = {
  /** Also what goes into a bot's `apiRoot`. */
  url: string;
  port: number;
  token: string;
  ledger: Ledger;
  /** Ends all connections, also those that wait for an answer. */
  close(): Promise<void>;
};

/** Starts a Bot API on this machine. Rejects when it can't listen or the ledger's file can't be opened. */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const state = await createState(options);
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      // A caller that hangs up in the middle of its request is no event, nor is what arrives late at a closed server.
      if ((request.destroyed && !request.complete) || !server.listening) return;
      console.error(error);
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  // Telegram keeps idle connections for minutes; so no client meets a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  const { host = '127.0.0.1', port = 0 } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    token: state.token,
    ledger: state.ledger,
    async close() {
      state.webhook.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      state.ledger.close();
    },
  };
}

async function createState(options: SimulatorOptions): Promise<SimulatorState> {
  const { token = DEMO_BOT_TOKEN, username = 'replybell_demo_bot', textsKept = 20_000, seed = 1 } = options;
  const { ledger, lastMessageId } = await openLedger(options.ledgerPath, textsKept);
  const updates = createUpdateQueue();
  const random = createRandom(seed);
  return {
    token,
    bot: { id: Number.parseInt(token, 10), is_bot: true, first_name: 'Replybell', username },
    allowHttpWebApps: options.allowHttpWebApps ?? false,
    ledger,
    chats: createChats(options.knowsEveryUser ?? true),
    updates,
    webhook: createWebhook(updates),
    limits: createMessageLimits(
      { messagesPerSecond: 0, chatIntervalMs: 0, ...options.limits },
      options.graceMs ?? 100,
    ),
    faults: createFaults(random),
    changes: createChangeSignal(),
    random,
    latency: { latencyMs: 0, jitterMs: 0, ...options.latency },
    endPoll: null,
    requests: {},
    nextMessageId: lastMessageId + 1,
  };
}

async function openLedger(path: string | undefined, textsKept: number) {
  if (path === undefined) return { ledger: createLedger(textsKept, null), lastMessageId: 0 };
  const ledger = createLedger(textsKept, openLedgerFile(path));
  let lastMessageId = 0;
  for await (const item of readLedgerFile(path)) {
    ledger.restore(item);
    lastMessageId = Math.max(lastMessageId, item.messageId);
  }
  return { ledger, lastMessageId };
}

async function handle(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url?.startsWith('/simulator/')) return handleControlRequest(state, request, response);
  if (servePage(request, response)) return;
  await handleBotRequest(state, request, response);
}
