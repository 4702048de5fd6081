import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './bot-api/read-params.ts';
import {
  ControlInputError,
  readChatChange,
  readFault,
  readLatency,
  readLimits,
  readUrl,
  readUserAction,
} from './control-input.ts';
import { listChats, readConversation } from './conversation.ts';
import { miniAppAddress } from './init-data.ts';
import { whenCounted } from './ledger-wait.ts';
import { readStats, type SimulatorState } from './state.ts';
import { actAsUser, changeChat } from './user-actions.ts';

const LONGEST_WAIT_MS = 60_000;
const DEFAULT_LIMIT = 1_000;

type ControlCall = {
  /** The number in the path: a chat's or a fault's id. */
  id: number;
  query: URLSearchParams;
  /** The body as JSON; undefined when there is none. */
  body: unknown;
  /** Aborted when the caller hangs up. */
  signal: AbortSignal;
};

type Route = (state: SimulatorState, call: ControlCall) => unknown;

/** The control API; `:id` stands for a number. What a route returns is the answer's JSON. */
const ROUTES: Record<string, Route> = {
  'GET /simulator/ledger': async (state, { query, signal }) => {
    const filter = { chatId: numberOf(query, 'chatId'), after: numberOf(query, 'after') };
    const count = numberOf(query, 'count') ?? 0;
    await whenCounted(state.ledger, filter, count, anyOf(signal, numberOf(query, 'waitMs')));
    const limit = numberOf(query, 'limit') ?? DEFAULT_LIMIT;
    return { items: state.ledger.list({ ...filter, limit }), count: state.ledger.count(filter) };
  },
  'GET /simulator/stats': (state) => readStats(state),
  'GET /simulator/faults': (state) => state.faults.list(),
  'POST /simulator/faults': (state, { body }) => state.faults.add(readFault(body)),
  'DELETE /simulator/faults': (state) => state.faults.clear(),
  'DELETE /simulator/faults/:id': (state, { id }) => ({ removed: state.faults.remove(id) }),
  'GET /simulator/limits': (state) => state.limits.get(),
  'POST /simulator/limits': (state, { body }) => state.limits.set(readLimits(body, state.limits.get())),
  'GET /simulator/latency': (state) => state.latency,
  'POST /simulator/latency': (state, { body }) => {
    state.latency = readLatency(body);
  },
  'GET /simulator/chats': async (state, { query, signal }) => {
    const version = numberOf(query, 'version') ?? 0;
    await state.changes.changed(version, anyOf(signal, numberOf(query, 'waitMs')));
    return { version: state.changes.version, bot: state.bot, chats: listChats(state) };
  },
  'POST /simulator/chats/:id': (state, { id, body }) => changeChat(state, id, readChatChange(body ?? {})),
  'GET /simulator/chats/:id/messages': (state, { id }) => readConversation(state, id),
  'POST /simulator/chats/:id/updates': (state, { id, body }) => ({
    messageId: actAsUser(state, id, readUserAction(body)),
  }),
  'POST /simulator/chats/:id/mini-app': (state, { id, body }) => {
    const user = state.chats.find(id);
    if (user === null) throw new ControlInputError('there is no such chat');
    return { url: miniAppAddress(readUrl(body), state.token, user) };
  },
  'POST /simulator/reset': (state) => reset(state),
};

/** Answers a request to `/simulator/*` with JSON; what can't be understood with 400 and `{ error }`. */
export async function handleControlRequest(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  const [, id] = /\/(-?\d+)(?=\/|$)/.exec(url.pathname) ?? [];
  const path = id === undefined ? url.pathname : url.pathname.replace(`/${id}`, '/:id');
  const route = ROUTES[`${request.method} ${path}`];
  if (route === undefined) return sendJson(response, 404, { error: 'there is no such route' });

  const hungUp = new AbortController();
  response.on('close', () => hungUp.abort());
  try {
    const body = parseJson(await readBody(request));
    const call = { id: Number(id), query: url.searchParams, body, signal: hungUp.signal };
    sendJson(response, 200, (await route(state, call)) ?? { ok: true });
  } catch (error) {
    if (!(error instanceof ControlInputError)) throw error;
    sendJson(response, 400, { error: error.message });
  }
}

/** Back to an empty simulator: no messages, chats, updates, faults or counters. Limits, latency and webhook stay. */
function reset(state: SimulatorState): void {
  state.ledger.clear();
  state.chats.clear();
  state.updates.clear();
  state.faults.clear();
  state.faults.clearHits();
  state.limits.reset();
  state.requests = {};
  state.changes.touch();
}

function parseJson(body: Buffer | 'too-large'): unknown {
  if (body === 'too-large') throw new ControlInputError('the body is too large');
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ControlInputError('the body is not JSON');
  }
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^-?\d+$/.test(text)) throw new ControlInputError(`${name} must be a whole number`);
  return Number(text);
}

function anyOf(hungUp: AbortSignal, waitMs: number | undefined): AbortSignal {
  return AbortSignal.any([hungUp, AbortSignal.timeout(Math.min(Math.max(waitMs ?? 0, 0), LONGEST_WAIT_MS))]);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
