import { setTimeout as sleep } from 'node:timers/promises';
import { type Changes, type Db, findPauses } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import { type ChangeReader, createChangeReader } from './change-reader.ts';
import type { EventStream } from './event-stream.ts';
import {
  changeEvent,
  deliveryEvent,
  encodeEvents,
  encodeHeartbeat,
  type LiveEvent,
  reset,
} from './live-event.ts';

/** Tells everything that changes to the streams of this process. */
export type Feed = {
  /** @param callerKey who wants to read one stream more. */
  hasRoomFor(callerKey: string): boolean;
  /** @param lastEventId where the client stopped reading; undefined if it begins. */
  join(stream: EventStream, lastEventId: string | undefined): void;
  leave(stream: EventStream): void;
  size(): number;
  /** Ends all streams and takes no more. */
  close(): Promise<void>;
};

const MOST_STREAMS = 200;
/** One caller leaves room for others, even if it opens streams and forgets them. */
const MOST_STREAMS_OF_ONE = 100;
export const LOOK_EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;
/** After too many changes for one look: no client is told to load everything anew more often. */
const AFTER_RESET_MS = 5_000;
/** Who stopped reading longer ago loads everything anew. */
const LONGEST_RESUME_MICROS = 60 * 60 * 1_000_000;

/**
 * Looks into the database twice a second as long as there are streams, once for all of them. So every process tells
 * what any process, worker or hand in psql has changed, without a message for each change.
 */
export function createFeed({ db, logger }: { db: Db; logger: Logger }): Feed {
  const outage = createOutageLog(logger, {
    failed: 'Live events wait: the database can not be read',
    recovered: 'Live events go on',
  });
  const live = new Set<EventStream>();
  /** Streams that wait for their first look, with where their clients stopped. */
  const joining = new Map<EventStream, string | undefined>();
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let positionMicros: number | undefined;
  let delivery = '';

  const size = () => live.size + joining.size;
  const sizeOf = (callerKey: string) =>
    [...live, ...joining.keys()].filter(({ readBy }) => readBy === callerKey).length;

  async function run(): Promise<void> {
    const heartbeat = setInterval(beat, HEARTBEAT_MS);
    let reader: ChangeReader | undefined;
    while (size() > 0 && !stopping.signal.aborted) {
      let pauseMs = LOOK_EVERY_MS;
      try {
        reader ??= await createChangeReader(db);
        if (!(await look(reader))) pauseMs = AFTER_RESET_MS;
        outage.recovered();
      } catch (error) {
        outage.failed(error);
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    clearInterval(heartbeat);
    running = undefined;
  }

  /** @returns false if there were too many changes. */
  async function look(reader: ChangeReader): Promise<boolean> {
    const paused = deliveryEvent(await findPauses(db));
    const found = await reader.next();
    // What the reader has given it gives no more: told before anything else can fail.
    const changedDelivery = JSON.stringify(paused) === delivery ? [] : [paused];
    delivery = JSON.stringify(paused);
    positionMicros = found.asOfMicros;
    tell(live, [...eventsOf(found), ...changedDelivery], found.asOfMicros);
    // After the look: who came before it, or during it, was there for all that it found.
    const returning: Returning[] = [];
    for (const [stream, lastEventId] of joining) {
      if (lastEventId !== undefined) {
        returning.push({ stream, lastEventId });
        continue;
      }
      joining.delete(stream);
      live.add(stream);
      // What changed since they came, too: what they have loaded meanwhile may be older.
      tell([stream], [paused, ...eventsOf(found)], found.asOfMicros);
    }

    const missed = await readMissed(reader, returning, found.asOfMicros);
    for (const { stream, lastEventId } of returning) {
      // Whoever left meanwhile is not there any more.
      if (!joining.delete(stream)) continue;
      live.add(stream);
      const read = missed.get(lastEventId);
      tell([stream], [...(read ? eventsOf(read) : [reset]), paused], found.asOfMicros);
    }
    return found.changes !== null;
  }

  function beat(): void {
    for (const stream of live) stream.send(encodeHeartbeat(positionMicros));
    for (const stream of joining.keys()) stream.send(encodeHeartbeat(undefined));
  }

  return {
    hasRoomFor: (callerKey) =>
      !stopping.signal.aborted && size() < MOST_STREAMS && sizeOf(callerKey) < MOST_STREAMS_OF_ONE,
    join(stream, lastEventId) {
      joining.set(stream, lastEventId);
      running ??= run();
    },
    leave(stream) {
      live.delete(stream);
      joining.delete(stream);
    },
    size,
    async close() {
      stopping.abort();
      for (const stream of [...live, ...joining.keys()]) stream.end();
      await running;
    },
  };
}

/** A stream whose client has read another before, up to this event. */
type Returning = { stream: EventStream; lastEventId: string };

/** What those who come back have missed, by their last event's id; ids that are too old or none of ours have no entry. */
async function readMissed(
  reader: ChangeReader,
  returning: Returning[],
  nowMicros: number,
): Promise<Map<string, Changes>> {
  const missed = new Map<string, Changes>();
  // Streams of one process have the same position, so when it ends one look serves them all.
  for (const id of new Set(returning.map(({ lastEventId }) => lastEventId))) {
    const positionMicros = /^\d{1,16}$/.test(id) ? Number(id) : 0;
    const isKnown = positionMicros <= nowMicros && positionMicros > nowMicros - LONGEST_RESUME_MICROS;
    if (isKnown) missed.set(id, await reader.since(positionMicros));
  }
  return missed;
}

const eventsOf = ({ changes }: Changes): LiveEvent[] => changes?.map(changeEvent) ?? [reset];

function tell(streams: Iterable<EventStream>, events: LiveEvent[], positionMicros: number): void {
  if (events.length === 0) return;
  const text = encodeEvents(events, positionMicros);
  for (const stream of streams) stream.send(text);
}
