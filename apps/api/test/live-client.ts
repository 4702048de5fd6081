import { EventSourceParserStream } from 'eventsource-parser/stream';
import { bearer } from './test-app.ts';

export type ReceivedEvent = { event: string; id: string | undefined; data: Record<string, unknown> };

/** A stream of `GET /api/admin/events`, read by a parser that isn't ours. */
export type LiveClient = {
  /** All events so far. */
  events: ReceivedEvent[];
  /** Where a client would resume. */
  lastEventId(): string | undefined;
  /** The first event that fits, of those that came and those that come. */
  waitFor(fits: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  /** The server's first heartbeat. */
  waitForComment(): Promise<void>;
  /** When the server has ended the stream. */
  ended: Promise<void>;
  close(): void;
};

/** Connects; resolves when the stream has begun with the state of deliveries. */
export async function openLiveClient(
  apiUrl: string,
  lastEventId?: string,
  identity: Record<string, string> = bearer,
): Promise<LiveClient> {
  const closing = new AbortController();
  const response = await fetch(`${apiUrl}/api/admin/events`, {
    headers: { ...identity, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: closing.signal,
  });
  if (response.status !== 200 || !response.body)
    throw new Error(`The stream was answered ${response.status}`);

  const events: ReceivedEvent[] = [];
  const news = new EventTarget();
  const { promise: commented, resolve: noteComment } = Promise.withResolvers<void>();
  let resumeAt = lastEventId;
  const parsed = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
    .pipeThrough(new EventSourceParserStream({ onComment: () => noteComment() }));
  const ended = (async () => {
    for await (const { event = 'message', id, data } of parsed) {
      events.push({ event, id, data: JSON.parse(data) });
      resumeAt = id ?? resumeAt;
      news.dispatchEvent(new Event('event'));
    }
  })().catch(() => {});

  const client: LiveClient = {
    events,
    lastEventId: () => resumeAt,
    async waitFor(fits) {
      for (;;) {
        const found = events.find(fits);
        if (found) return found;
        await new Promise((resolve) => news.addEventListener('event', resolve, { once: true }));
      }
    },
    waitForComment: () => commented,
    ended,
    close: () => closing.abort(),
  };
  await client.waitFor(({ event }) => event.startsWith('delivery.'));
  return client;
}
