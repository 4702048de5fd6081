import type { OutgoingHttpHeaders } from 'node:http';
import { finished } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** An open answer of `text/event-stream`. */
export type EventStream = {
  /** The key of the caller who reads it. */
  readonly readBy: string;
  send(text: string): void;
  /** Ends the answer; the client comes back. */
  end(): void;
};

/** What may wait for a client that reads slowly. Beyond it the connection is cut: it comes back where it was. */
const BUFFER_LIMIT_BYTES = 1024 * 1024;
/** So long a stream lasts, then its client is asked for its credentials anew. */
const LONGEST_MS = 15 * 60_000;
/** How often it is asked whether the client may still read. */
const RECHECK_MS = 15_000;
/** So long a client waits until it comes back. */
const RECONNECT_MS = 1_000;

/**
 * Answers with a stream instead of a body: Fastify's limits of time end here, its headers are sent.
 *
 * @param readBy the caller's key.
 * @param mayRead is asked every 15 seconds: the stream ends if it says no, and goes on if it can't tell.
 * @param onClose hears when it has ended, whoever ended it.
 */
export function openEventStream(
  reply: FastifyReply,
  { readBy, mayRead, onClose }: { readBy: string; mayRead: () => Promise<boolean>; onClose: () => void },
): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream; charset=utf-8',
    // nginx would gather events before it passes them on.
    'x-accel-buffering': 'no',
  });
  raw.write(`retry: ${RECONNECT_MS}\n\n`);

  const end = () => void raw.end();
  const tooLong = setTimeout(end, LONGEST_MS);
  const recheck = setInterval(async () => {
    // While the database is away nobody can tell, and nothing is told either.
    if (!(await mayRead().catch(() => true))) end();
  }, RECHECK_MS);
  // Tells also of clients who left while it was found out who they are; their `close` is over.
  finished(raw, () => {
    clearInterval(recheck);
    clearTimeout(tooLong);
    onClose();
  });
  return {
    readBy,
    send(text) {
      if (raw.writableEnded || raw.destroyed) return;
      raw.write(text);
      if (raw.writableLength > BUFFER_LIMIT_BYTES) raw.destroy();
    },
    end,
  };
}
