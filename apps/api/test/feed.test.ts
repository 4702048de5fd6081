import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { insertUser, readClockMicros } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { useTestDatabase } from '@replybell/testing';
import fastify from 'fastify';
import { type KyselyPlugin, sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openEventStream } from '../src/live/event-stream.ts';
import { createFeed, type Feed, LOOK_EVERY_MS } from '../src/live/feed.ts';
import { encodeEvents, reset } from '../src/live/live-event.ts';

const { db } = await useTestDatabase();

const logger = createLogger({ name: 'api', level: 'fatal', format: 'json', secrets: [] });

function openFeed(on: typeof db): Feed {
  const feed = createFeed({ db: on, logger });
  onTestFinished(() => feed.close());
  return feed;
}

/** Joins with a stream that keeps what it was sent; `waitFor` resolves when a text has come. */
function join(feed: Feed, readBy = 'admin:1', lastEventId?: string) {
  let received = '';
  const waiting = new Map<string, () => void>();
  const stream = {
    readBy,
    send(text: string) {
      received += text;
      for (const [part, resolve] of waiting) if (received.includes(part)) resolve();
    },
    end() {},
  };
  feed.join(stream, lastEventId);
  return {
    stream,
    received: () => received,
    waitFor: (part: string) =>
      new Promise<void>((resolve) => (received.includes(part) ? resolve() : waiting.set(part, resolve))),
  };
}

async function openTicket(): Promise<number> {
  const user = await insertUser(db, { username: 'anna', telegramId: null, locale: 'ru' });
  const { rows } = await sql<{ id: number }>`
    insert into support_tickets (user_id, subject) values (${user.id}, 'Balance') returning id`.execute(db);
  return rows[0]?.id ?? 0;
}

test('a hundred streams cost as many statements as one, and none cost nothing', async () => {
  let statements = 0;
  const counting: KyselyPlugin = {
    transformQuery({ node }) {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const feed = openFeed(db.withPlugin(counting));

  /** Statements from one change to the next being told, a look apart. */
  async function statementsOfLooks(joined: ReturnType<typeof join>[]): Promise<number> {
    const tellAll = async () => {
      const ticketId = await openTicket();
      await Promise.all(joined.map(({ waitFor }) => waitFor(`"ticketId":${ticketId},`)));
    };
    await tellAll();
    const before = statements;
    await tellAll();
    return statements - before;
  }

  const first = join(feed);
  await first.waitFor('delivery.resumed');
  const ofOne = await statementsOfLooks([first]);
  const others = Array.from({ length: 99 }, () => join(feed));
  await Promise.all(others.map(({ waitFor }) => waitFor('delivery.resumed')));
  expect(feed.size()).toBe(100);
  expect(await statementsOfLooks([first, ...others])).toBe(ofOne);

  for (const { stream } of [first, ...others]) feed.leave(stream);
  expect(feed.size()).toBe(0);
  const atEnd = statements;
  await openTicket();
  await sleep(3 * LOOK_EVERY_MS);
  expect(statements).toBe(atEnd);
});

test('who joins is told of all that changes from then on, the first and those who come later', async () => {
  const feed = openFeed(db);
  for (let streams = 1; streams <= 3; streams += 1) {
    const { received, waitFor } = join(feed);
    await waitFor(`"ticketId":${await openTicket()},`);
    expect(received()).toMatch(/^event: delivery\.resumed\n/);
    // Somewhere between two looks.
    await sleep(LOOK_EVERY_MS * 1.3);
  }
});

test('who joins loses nothing when a look fails that was to tell another what they missed', async () => {
  const position = String(await readClockMicros(db));
  let statements = 0;
  const ticketIds: number[] = [];
  const failing: KyselyPlugin = {
    transformQuery({ node }) {
      statements += 1;
      // The reader begins with two; a look has one for pauses, one for changes, and one for what was missed.
      if (statements === 5) throw new Error('Postgres is away for a moment');
      return node;
    },
    async transformResult({ result }) {
      // After the reader has asked for the time, and after it has read what was before.
      if (statements <= 2) ticketIds.push(await openTicket());
      return result;
    },
  };
  const feed = openFeed(db.withPlugin(failing));
  const fresh = join(feed);
  const back = join(feed, 'admin:1', position);
  await back.waitFor('delivery.resumed');
  expect(statements).toBeGreaterThan(5);
  expect(feed.size()).toBe(2);
  expect(fresh.received().match(/delivery\.resumed/g)).toHaveLength(1);
  expect(ticketIds).toHaveLength(2);
  for (const ticketId of ticketIds) {
    for (const { received } of [fresh, back]) expect(received()).toContain(`"ticketId":${ticketId},`);
  }
});

test('a client that loses the connection between two events of a look asks for both again', () => {
  expect(encodeEvents([reset, reset], 7)).toBe('event: reset\ndata: {}\n\nevent: reset\nid: 7\ndata: {}\n\n');
});

test('too many changes at once tell clients once to load everything anew, and the stream goes on', async () => {
  const feed = openFeed(db);
  const { received, waitFor } = join(feed);
  await waitFor('delivery.resumed');
  const ticketId = await openTicket();
  await sql`
    insert into support_tickets (user_id, subject)
    select user_id, subject from support_tickets, generate_series(1, 6000) where id = ${ticketId}`.execute(
    db,
  );
  await waitFor('event: reset');
  for (let count = 0; count < 3; count += 1) await waitFor(`"ticketId":${await openTicket()},`);
  expect(received().match(/event: reset/g)).toHaveLength(1);
}, 20_000);

test('no caller takes the room of all others, and there is room again when a stream ends', async () => {
  const feed = openFeed(db);
  const joinAll = (callerKey: string) => {
    const joined: ReturnType<typeof join>[] = [];
    while (feed.hasRoomFor(callerKey)) joined.push(join(feed, callerKey));
    return joined;
  };
  const [forgetful] = joinAll('key:1');
  expect(feed.size()).toBe(100);
  const others = ['admin:1', 'admin:2', 'admin:3'].flatMap((callerKey) => {
    for (let count = 0; count < 40 && feed.hasRoomFor(callerKey); count += 1) join(feed, callerKey);
    return feed.size();
  });
  expect(others).toEqual([140, 180, 200]);

  if (forgetful) feed.leave(forgetful.stream);
  expect(feed.hasRoomFor('admin:4')).toBe(true);
  expect(feed.hasRoomFor('key:1')).toBe(true);
});

test('a client that reads nothing is cut off', async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  const cut = new Promise<void>((resolve) => {
    app.get('/', (_request, reply) => {
      const filling = setInterval(() => stream.send(`data: ${'x'.repeat(64 * 1024)}\n\n`));
      const stream = openEventStream(reply, {
        readBy: 'admin:1',
        mayRead: async () => true,
        onClose() {
          clearInterval(filling);
          resolve();
        },
      });
    });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const slow = connect({ host: '127.0.0.1', port }).on('error', () => {});
  onTestFinished(() => void slow.destroy());
  await once(slow, 'connect');
  slow.pause();
  slow.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await cut;
});
