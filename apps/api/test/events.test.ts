import { notificationStatuses, pauseUntilProbed } from '@replybell/database';
import { countWaiting, type StartedServer, startApi, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { callServer, openTicketAt } from './call-server.ts';
import { type LiveClient, openLiveClient, type ReceivedEvent } from './live-client.ts';
import { apiKey, bearer } from './test-app.ts';

const { url, db } = await useTestDatabase();
let apis: [StartedServer, StartedServer];
/** Open since the beginning, longer than any other answer may take. */
let veteran: LiveClient;
beforeAll(async () => {
  const env = { DATABASE_URL: url, ADMIN_API_KEY: apiKey };
  apis = await Promise.all([startApi(env), startApi(env)]);
  veteran = await openLiveClient(apis[1].url);
});
afterAll(async () => void (await Promise.all(apis.map((api) => api.stop()))));

async function open(api: StartedServer, lastEventId?: string): Promise<LiveClient> {
  const client = await openLiveClient(api.url, lastEventId);
  onTestFinished(() => client.close());
  return client;
}

const post = async (api: StartedServer, path: string, body: object) =>
  (await callServer(api, 'POST', `/api/admin${path}`, body)).body;

const reply = async (api: StartedServer, ticketId: number): Promise<string> =>
  (await post(api, `/tickets/${ticketId}/replies`, { message: 'Secret reply' })).notification.id;

const tellsOf = (notificationId: string, status: string) => (event: ReceivedEvent) =>
  event.data['notificationId'] === notificationId && event.data['status'] === status;

describe('a stream of live events', () => {
  it('tells what another process did, without any text', async () => {
    const [one, other] = apis;
    const clients = [await open(one), await open(other)];
    const ticketId = await openTicketAt(one);
    const notificationId = await reply(other, ticketId);
    for (const client of clients) {
      await client.waitFor(tellsOf(notificationId, 'pending'));
      await client.waitFor(({ data }) => data['ticketId'] === ticketId && data['status'] === 'waiting_user');
      expect(JSON.stringify(client.events)).not.toContain('Secret');
    }
  });

  it('tells every state that a notification comes to', async () => {
    const client = await open(apis[0]);
    const notifications: [string, string][] = [];
    for (const status of notificationStatuses) {
      notifications.push([await reply(apis[1], await openTicketAt(apis[1])), status]);
    }
    for (const [id] of notifications) await client.waitFor(tellsOf(id, 'pending'));
    const before = client.events.length;
    for (const [id, status] of notifications) {
      await sql`
        update notifications set status = ${status}, updated_at = now(), lease_until = now(), folded_into = id,
          due_at = now() + interval '1 hour'
        where id = ${id}`.execute(db);
    }
    const isNew = (event: ReceivedEvent) => client.events.indexOf(event) >= before;
    for (const [id, status] of notifications) {
      await client.waitFor((event) => isNew(event) && tellsOf(id, status)(event));
    }
  });

  it('tells a change once, however often it is found', async () => {
    const client = await open(apis[0]);
    const first = await reply(apis[0], await openTicketAt(apis[0]));
    await client.waitFor(tellsOf(first, 'pending'));
    const second = await reply(apis[0], await openTicketAt(apis[0]));
    await client.waitFor(tellsOf(second, 'pending'));
    expect(client.events.filter(tellsOf(first, 'pending'))).toHaveLength(1);
  });

  it('tells of changes whose transaction commits late', async () => {
    const client = await open(apis[0]);
    const ticketId = await openTicketAt(apis[0]);
    await client.waitFor(({ data }) => data['ticketId'] === ticketId);
    const { promise: later, resolve: goOn } = Promise.withResolvers<void>();
    const late = db.transaction().execute(async (trx) => {
      await sql`update support_tickets set status = 'closed', updated_at = now() where id = ${ticketId}`.execute(
        trx,
      );
      await later;
    });
    // Long enough that the looks of every half second have left it behind.
    for (let looks = 0; looks < 4; looks += 1) {
      const notificationId = await reply(apis[0], await openTicketAt(apis[0]));
      await client.waitFor(tellsOf(notificationId, 'pending'));
    }
    goOn();
    await late;
    await client.waitFor(({ data }) => data['ticketId'] === ticketId && data['status'] === 'closed');
  }, 15_000);

  it('tells of pauses and resumption, and begins with what holds', async () => {
    const client = await open(apis[0]);
    expect(client.events).toMatchObject([{ event: 'delivery.resumed', data: {}, id: expect.any(String) }]);
    await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: 'a' });
    const paused = await client.waitFor(({ event }) => event === 'delivery.paused');
    expect(paused.data).toMatchObject({ pauses: [{ kind: 'outage', reason: 'no_answer' }] });
    expect((await open(apis[1])).events[0]?.event).toBe('delivery.paused');
    await sql`update delivery_pauses set ended_at = now()`.execute(db);
    await client.waitFor((event) => event.event === 'delivery.resumed' && event !== client.events[0]);
  });

  it('beats every 15 seconds and outlasts every limit of time', async () => {
    await veteran.waitForComment();
    const notificationId = await reply(apis[0], await openTicketAt(apis[0]));
    await veteran.waitFor(tellsOf(notificationId, 'pending'));
  }, 20_000);

  it('is refused without a key', async () => {
    expect((await fetch(`${apis[0].url}/api/admin/events`)).status).toBe(401);
  });
});

describe('resuming a stream', () => {
  it('loses nothing, on another process and under load', async () => {
    const tickets = await Promise.all(Array.from({ length: 8 }, () => openTicketAt(apis[0])));
    let last = await open(apis[0]);
    const seen = new Set<unknown>();
    const written: string[] = [];
    let busy = true;
    const writers = tickets.map(async (ticketId, index) => {
      while (busy) written.push(await reply(index % 2 === 0 ? apis[0] : apis[1], ticketId));
    });
    for (let round = 1; round <= 6; round += 1) {
      const known = written.length;
      await last.waitFor(({ data }) => data['notificationId'] === written[known]);
      last.close();
      await last.ended;
      for (const { data } of last.events) seen.add(data['notificationId']);
      last = await open(apis[round % 2 === 0 ? 0 : 1], last.lastEventId());
    }
    busy = false;
    await Promise.all(writers);
    await last.waitFor(({ data }) => data['notificationId'] === written.at(-1));
    for (const id of written) await last.waitFor(({ data }) => seen.has(id) || data['notificationId'] === id);
    expect(written.length).toBeGreaterThan(100);
  }, 30_000);

  it.each([
    ['too old an id', '1000000'],
    ['an id that is none of ours', 'somewhere'],
    ['an id of the future', '9999999999999999'],
  ])('tells to load everything anew after %s', async (_what, lastEventId) => {
    const client = await open(apis[0], lastEventId);
    expect(client.events[0]?.event).toBe('reset');
  });
});

describe('the end of a stream', () => {
  it('comes for clients who leave while their key is looked up', async () => {
    const [api] = apis;
    const { secret } = await post(api, '/api-keys', { name: 'Shop', role: 'agent' });
    const identity = { authorization: `Bearer ${secret}` };
    const openStreams = async () => {
      const text = await (await fetch(`${api.url}/metrics`, { headers: bearer })).text();
      return Number(/^replybell_event_streams\{.*\} (\d+)$/m.exec(text)?.[1]);
    };
    await expect.poll(openStreams).toBe(0);
    await db.transaction().execute(async (trx) => {
      await sql`lock table api_keys`.execute(trx);
      const leaving = Array.from({ length: 5 }, () => new AbortController());
      const answers = leaving.map(({ signal }) =>
        fetch(`${api.url}/api/admin/events`, { headers: identity, signal }),
      );
      await expect.poll(() => countWaiting(db)).toBe(leaving.length);
      for (const client of leaving) client.abort();
      await Promise.allSettled(answers);
    });
    const staying = await openLiveClient(api.url, undefined, identity);
    onTestFinished(() => staying.close());
    expect(await openStreams()).toBe(1);
  });

  it('comes with the next heartbeat for a revoked key, and for admins who sign out or are disabled; nobody’s session is prolonged', async () => {
    const [{ url }] = apis;
    const openAs = async (identity: Record<string, string>) => {
      const client = await openLiveClient(url, undefined, identity);
      onTestFinished(() => client.close());
      return client;
    };
    const send = (method: string, path: string, headers: Record<string, string>, body?: object) =>
      fetch(`${url}/api${path}`, {
        method,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
    const signIn = async (email: string) => {
      const password = 'a long enough password';
      const { id } = await post(apis[0], '/admins', { email, name: email, password, role: 'agent' });
      const { headers } = await send('POST', '/session', {}, { email, password });
      return { id, cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    };
    const key = await post(apis[0], '/api-keys', { name: 'Shop', role: 'agent' });
    const [leaving, disabled] = [await signIn('leaving@example.com'), await signIn('disabled@example.com')];
    const staying = await signIn('staying@example.com');
    await openAs({ cookie: staying.cookie });
    const sessions = db.selectFrom('admin_sessions').where('user_id', '=', staying.id);
    await sql`
      update admin_sessions set expires_at = expires_at - interval '2 hours' where user_id = ${staying.id}`.execute(
      db,
    );
    const before = await sessions.selectAll().executeTakeFirstOrThrow();
    const clients = [
      await openAs({ authorization: `Bearer ${key.secret}` }),
      await openAs({ cookie: leaving.cookie }),
      await openAs({ cookie: disabled.cookie }),
    ];
    await send('DELETE', `/admin/api-keys/${key.id}`, bearer);
    await send('DELETE', '/session', { cookie: leaving.cookie });
    await send('PATCH', `/admin/admins/${disabled.id}`, bearer, { disabled: true });
    await Promise.all(clients.map(({ ended }) => ended));
    expect(await sessions.selectAll().executeTakeFirst()).toEqual(before);
    expect((await open(apis[0])).events).toHaveLength(1);
  }, 20_000);

  it('comes soon when the process stops, and tells clients to come back', async () => {
    const api = await startApi({ DATABASE_URL: url, ADMIN_API_KEY: apiKey });
    const client = await open(api);
    const { code, tookMs } = await api.stop();
    await client.ended;
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(4_000);
  });
});
