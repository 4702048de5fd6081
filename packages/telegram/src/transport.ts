import type { ApiCallFn, Transformer } from 'grammy';
import { Agent, errors } from 'undici';
import { AnswerTooLongError, startExchange } from './exchange.ts';

/** The answer was not Telegram's: a proxy's page, a load balancer's error, or none that the method can have. */
export class NotTelegramError extends Error {
  readonly status: number;
  /** As its header `Retry-After` said, in seconds. */
  readonly retryAfterS: number | undefined;
  constructor(status: number, retryAfterS?: number) {
    super(`HTTP ${status} that is not from Telegram`);
    this.name = 'NotTelegramError';
    this.status = status;
    this.retryAfterS = retryAfterS;
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

/** Proxies add headers of their own; nothing is known of a message whose answer is refused for them. */
const MAX_HEADERS_BYTES = 64 * 1024;

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
    maxHeaderSize: MAX_HEADERS_BYTES,
  });
  const basePath = `${pathname.replace(/\/$/, '')}/bot${token}`;

  async function call(method: string, payload: unknown, givenUp?: AbortSignal): Promise<unknown> {
    const exchange = startExchange(agent, {
      origin,
      path: `${basePath}/${method}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
      // The timer below covers all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const timer = setTimeout(() => exchange.giveUp(new TimeoutError(timeoutMs)), timeoutMs);
    const giveUp = () => exchange.giveUp(new DOMException('Given up', 'AbortError'));
    givenUp?.addEventListener('abort', giveUp);
    if (givenUp?.aborted) giveUp();
    try {
      const { statusCode, text, retryAfter } = await exchange.answer;
      const leftAtMs = exchange.leftAtMs();
      if (leftAtMs !== undefined) onRoundTrip?.(performance.now() - leftAtMs);
      const parsed = parseJson(text);
      if (isBotApiAnswer(parsed)) return withErrorCode(parsed, statusCode);
      // A success whose body is no answer was cut on its way: Telegram may well have taken the message.
      if (statusCode < 300) throw new NoAnswerError('The answer broke off', true);
      throw new NotTelegramError(statusCode, secondsIn(retryAfter));
    } catch (error) {
      if (error instanceof NotTelegramError || error instanceof NoAnswerError) throw error;
      throw new NoAnswerError(describe(error), exchange.leftAtMs() !== undefined);
    } finally {
      clearTimeout(timer);
      givenUp?.removeEventListener('abort', giveUp);
    }
  }

  return {
    // grammY's type of a signal is older than Node's own, which is what our callers give.
    transformer: (_prev: ApiCallFn, method, payload, signal) =>
      call(method, payload, signal as AbortSignal | undefined) as ReturnType<typeof _prev>,
    close: () => agent.destroy(),
  };
}

class TimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`No answer within ${timeoutMs} ms`);
  }
}

/** Of a header `Retry-After`; one that names a date says nothing. */
const secondsIn = (header: string): number | undefined => (/^\d+$/.test(header) ? Number(header) : undefined);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

type BotApiAnswer = { ok: boolean; error_code?: unknown };

function isBotApiAnswer(value: unknown): value is BotApiAnswer {
  return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';
}

/** Whoever stands before Telegram may refuse in its form and tell by the status alone that it is too much, or away. */
function withErrorCode(answer: BotApiAnswer, statusCode: number): BotApiAnswer {
  const isTold = answer.ok || Number.isSafeInteger(answer.error_code);
  return isTold || (statusCode !== 429 && statusCode < 500) ? answer : { ...answer, error_code: statusCode };
}

/** The network's own code and nothing else: messages may quote addresses. */
function describe(error: unknown): string {
  if (error instanceof TimeoutError || error instanceof AnswerTooLongError) return error.message;
  if (error instanceof errors.ConnectTimeoutError) return 'No connection in time';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'Unknown network error';
}
