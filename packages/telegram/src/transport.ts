import type { ApiCallFn, Transformer } from 'grammy';
import { Agent, type Dispatcher, errors } from 'undici';

/** The answer was not Telegram's: a proxy's page, a load balancer's error. */
export class NotTelegramError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`HTTP ${status} that is not from Telegram`);
    this.name = 'NotTelegramError';
    this.status = status;
  }
}

/** No whole answer came. `left` tells whether the request may have reached Telegram. */
export class NoAnswerError extends Error {
  readonly left: boolean;
  constructor(message: string, left: boolean) {
    super(message);
    this.name = 'NoAnswerError';
    this.left = left;
  }
}

export type TransportOptions = {
  token: string;
  apiRoot: string;
  /** From the call to the last byte of the answer, in milliseconds. */
  timeoutMs: number;
  /** Connections kept to the Bot API; as many as notifications are sent at the same time. */
  connections: number;
  /** Hears how long each whole answer took from the departure of its request, in milliseconds. */
  onRoundTrip?: (ms: number) => void;
};

export type Transport = { transformer: Transformer; close(): Promise<void> };

/** When a request began to be written to its connection; before that moment it certainly has not left. */
type Departure = { leftAtMs: number | undefined };

/** Notes the departure of each request in the `opaque` that it carries. */
const noteDeparture: Dispatcher.DispatcherComposeInterceptor =
  (dispatch) => (options: Dispatcher.DispatchOptions & { opaque?: Departure }, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        // A request that was given up while it waited for a connection is started too, and ends right here.
        handler.onRequestStart?.(controller, context);
        if (options.opaque && !controller.aborted) options.opaque.leftAtMs = performance.now();
      },
      onRequestUpgrade: handler.onRequestUpgrade?.bind(handler),
      onResponseStart: handler.onResponseStart?.bind(handler),
      onResponseData: handler.onResponseData?.bind(handler),
      onResponseEnd: handler.onResponseEnd?.bind(handler),
      onResponseError: handler.onResponseError?.bind(handler),
    } as Dispatcher.DispatchHandler);

/**
 * grammY's network call on undici: quicker than its own client, and it knows whether a request left. Installed as the
 * innermost transformer, so grammY's Api and its error for refusals stay as they are.
 *
 * Its errors never hold the request's address, which contains the token.
 *
 * @throws {NotTelegramError} @throws {NoAnswerError}
 */
export function createTransport(options: TransportOptions): Transport {
  const { token, apiRoot, timeoutMs, connections, onRoundTrip } = options;
  const { origin, pathname } = new URL(apiRoot);
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
    keepAliveTimeout: 30_000,
  });
  const dispatcher = agent.compose(noteDeparture);

  async function call(method: string, payload: unknown, givenUp?: AbortSignal): Promise<unknown> {
    const departure: Departure = { leftAtMs: undefined };
    const { signal: timeout, done } = limit(timeoutMs);
    const signal = givenUp ? AbortSignal.any([timeout, givenUp]) : timeout;
    try {
      const { statusCode, body } = await dispatcher.request({
        origin,
        path: `${pathname.replace(/\/$/, '')}/bot${token}/${method}`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(payload),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal,
        opaque: departure,
      });
      const parsed = parseJson(await body.text());
      if (departure.leftAtMs !== undefined) onRoundTrip?.(performance.now() - departure.leftAtMs);
      if (isBotApiAnswer(parsed)) return parsed;
      // A success whose body is no answer was cut on its way: Telegram may well have taken the message.
      if (statusCode < 300) throw new NoAnswerError('The answer broke off', true);
      throw new NotTelegramError(statusCode);
    } catch (error) {
      if (error instanceof NotTelegramError || error instanceof NoAnswerError) throw error;
      if (timeout.aborted)
        throw new NoAnswerError(`No answer within ${timeoutMs} ms`, departure.leftAtMs !== undefined);
      throw new NoAnswerError(describe(error), departure.leftAtMs !== undefined);
    } finally {
      done();
    }
  }

  return {
    // grammY's type of a signal is older than Node's own, which is what our callers give.
    transformer: (_prev: ApiCallFn, method, payload, signal) =>
      call(method, payload, signal as AbortSignal | undefined) as ReturnType<typeof _prev>,
    close: () => agent.destroy(),
  };
}

/** As `AbortSignal.timeout`, whose timers live on until they fire, even if nobody needs them any more. */
function limit(timeoutMs: number): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  return { signal: controller.signal, done: () => clearTimeout(timer) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBotApiAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';
}

/** The network's own code and nothing else: messages may quote addresses. */
function describe(error: unknown): string {
  if (error instanceof errors.ConnectTimeoutError) return 'No connection in time';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'Unknown network error';
}
