import type { Dispatcher } from 'undici';
import { decodeBody } from './content-encoding.ts';

type HttpAnswer = { statusCode: number; text: string; retryAfter: string };

/** More than a hundred updates take: what is longer is no answer of the Bot API. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export class AnswerTooLongError extends Error {
  constructor() {
    super('The answer is too long');
  }
}

/** One HTTP request that is under way, and its whole answer. */
export type Exchange = {
  /** Rejects with the network's error, or with the reason for which it was given up. */
  answer: Promise<HttpAnswer>;
  /** Waits no longer: a request that has not left will not leave, one that has left loses its connection. */
  giveUp(reason: Error): void;
  /** When the request began to be written to its connection; before that moment it certainly has not left. */
  leftAtMs(): number | undefined;
};

/**
 * Sends a request by undici's own `dispatch`: unlike `request` it tells when the request leaves, and the body, always short
 * here, needs no stream.
 */
export function startExchange(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions): Exchange {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const chunks: Buffer[] = [];
  let statusCode = 0;
  let contentEncoding = '';
  let retryAfter = '';
  let receivedBytes = 0;
  let leftAtMs: number | undefined;
  let connected: Dispatcher.DispatchController | undefined;
  let givenUp: Error | undefined;

  dispatcher.dispatch(options, {
    onRequestStart(controller) {
      // One that was given up while it waited for a connection is started too, and ends right here.
      if (givenUp) return controller.abort(givenUp);
      connected = controller;
      leftAtMs = performance.now();
    },
    onResponseStart(_controller, status, headers) {
      statusCode = status;
      contentEncoding = String(headers['content-encoding'] ?? '');
      retryAfter = String(headers['retry-after'] ?? '');
    },
    onResponseData(controller, chunk) {
      receivedBytes += chunk.length;
      if (receivedBytes > MAX_ANSWER_BYTES) return controller.abort(new AnswerTooLongError());
      chunks.push(chunk);
    },
    onResponseEnd() {
      const [first] = chunks;
      const body = first && chunks.length === 1 ? first : Buffer.concat(chunks);
      resolve({ statusCode, text: decodeBody(body, contentEncoding).toString(), retryAfter });
    },
    onResponseError(_controller, error) {
      reject(error);
    },
  });

  return {
    answer: promise,
    giveUp(reason) {
      givenUp = reason;
      connected?.abort(reason);
      reject(reason);
    },
    leftAtMs: () => leftAtMs,
  };
}
