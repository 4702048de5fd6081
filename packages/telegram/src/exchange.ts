import type { Dispatcher } from 'undici';
import { decodeBody } from './content-encoding.ts';

/** One HTTP request that is under way, and its whole answer. */
export type Exchange = {
  /** Rejects with the network's error, or with the reason for which it was given up. */
  answer: Promise<{ statusCode: number; text: string }>;
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
  const { promise, resolve, reject } = Promise.withResolvers<{ statusCode: number; text: string }>();
  const chunks: Buffer[] = [];
  let statusCode = 0;
  let contentEncoding = '';
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
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      const [first] = chunks;
      const body = first && chunks.length === 1 ? first : Buffer.concat(chunks);
      resolve({ statusCode, text: decodeBody(body, contentEncoding).toString() });
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
