import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;
beforeEach(async () => void (await sql`delete from notifications`.execute(db)));

const path = '/api/admin/notifications';
const list = async (query: string, headers = {}) => {
  const { body } = await api.call('GET', `${path}?${query}`, undefined, headers);
  return body.items.map((item: { id: string }) => item.id);
};
const redrive = (body: object) => api.call('POST', `${path}/retry`, body);

/** Notifications of a user's one ticket, as workers would have left them. */
async function notificationsIn(...states: { status: string; reason?: string; created?: string }[]) {
  const { userId, ticketId } = await api.openTicket();
  const ids: string[] = [];
  for (const { status, reason = null, created = 'now' } of states) {
    const { body } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
    ids.push(body.notification.id);
    await sql`
      update notifications set status = ${status}, reason = ${reason}, created_at = ${created}::timestamptz,
        folded_into = id where id = ${body.notification.id}`.execute(db);
  }
  return { userId, ticketId, ids };
}

/** A quick way to many. */
async function failMany(count: number, status = 'failed'): Promise<void> {
  const { userId } = await api.openTicket();
  await sql`
    insert into notifications (user_id, ticket_id, subject, status, reason)
    select ${userId}, number, 'Parcel', ${status}, 'attempts_used_up' from generate_series(1, ${count}) as number`.execute(
    db,
  );
}

describe('the list', () => {
  it('is narrowed by status, reason, ticket and user', async () => {
    const one = await notificationsIn({ status: 'sent' }, { status: 'failed', reason: 'markup_refused' });
    const other = await notificationsIn({ status: 'failed', reason: 'attempts_used_up' });
    const [sent, refused] = one.ids;
    const [usedUp] = other.ids;
    expect(await list('')).toEqual([usedUp, refused, sent]);
    expect(await list('status=failed')).toEqual([usedUp, refused]);
    expect(await list('reason=markup_refused')).toEqual([refused]);
    expect(await list(`ticketId=${one.ticketId}`)).toEqual([refused, sent]);
    expect(await list(`userId=${one.userId}`)).toEqual([refused, sent]);
    expect(await list(`userId=${one.userId}&status=failed&reason=attempts_used_up`)).toEqual([]);
  });

  it('finds a user’s notifications about other systems’ tickets', async () => {
    const { userId, ids } = await notificationsIn({ status: 'sent' });
    const { body } = await api.call('POST', path, { userId, ticketId: 4711, subject: 'Parcel' });
    expect(await list(`userId=${userId}`)).toEqual([body.id, ...ids]);
    expect(await list('ticketId=4711')).toEqual([body.id]);
  });

  it('is narrowed by the time of creation, from since until before until', async () => {
    const { ids } = await notificationsIn(
      ...[1, 2, 3, 4].map((day) => ({ status: 'sent', created: `2026-01-0${day}T00:00:00Z` })),
    );
    const [first, second, third, fourth] = ids;
    expect(await list('since=2026-01-03T00:00:00Z')).toEqual([fourth, third]);
    expect(await list('until=2026-01-03T00:00:00Z')).toEqual([second, first]);
    expect(await list('since=2026-01-02T01:00:00%2B01:00&until=2026-01-03T00:00:00Z')).toEqual([second]);
    expect(await list('since=2030-01-01T00:00:00Z')).toEqual([]);
    expect(await list('until=1990-01-01T00:00:00Z')).toEqual([]);
  });

  it('comes in pages that neither repeat nor lose one while others are added', async () => {
    const { ids } = await notificationsIn(...Array.from({ length: 5 }, () => ({ status: 'failed' })));
    const pages = [];
    let cursor = '';
    do {
      const { body } = await api.call('GET', `${path}?status=failed&limit=2${cursor}`);
      pages.push(body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor && `&cursor=${body.nextCursor}`;
      await notificationsIn({ status: 'failed' });
    } while (cursor);
    const [a, b, c, d, e] = ids;
    expect(pages).toEqual([[e, d], [c, b], [a]]);
  });

  it('tells the reason in the language that the client reads', async () => {
    await notificationsIn({ status: 'parked', reason: 'bot_blocked' });
    const textFor = async (language: string) =>
      (await api.call('GET', path, undefined, { 'accept-language': language })).body.items[0].reasonText;
    expect(await textFor('en-GB,en;q=0.9')).toBe('The user has blocked the bot.');
    expect(await textFor('de, en;q=0.3, ru;q=0.8')).toBe('Пользователь заблокировал бота.');
    expect(await textFor('en;q=0')).toBe('Пользователь заблокировал бота.');
  });

  it.each([
    'status=lost',
    'reason=A%20b',
    'since=yesterday',
    'since=2026-13-01T00:00:00Z',
    'until=2026-01-01',
    'ticketId=0',
    'limit=101',
    'cursor=x',
    'nonsense=1',
  ])('refuses %s', async (query) => {
    expect(await api.call('GET', `${path}?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
  });
});

describe('withdrawing', () => {
  it.each(['pending', 'parked', 'failed', 'unknown'])('cancels a notification that is %s', async (status) => {
    const { ids } = await notificationsIn({ status });
    expect(await api.call('POST', `${path}/${ids[0]}/withdraw`)).toMatchObject({
      status: 200,
      body: { status: 'withdrawn', reason: 'withdrawn_by_admin' },
    });
  });

  it.each(['sent', 'folded', 'expired', 'withdrawn'])('refuses one that is %s', async (status) => {
    const { ids } = await notificationsIn({ status });
    expect(await api.call('POST', `${path}/${ids[0]}/withdraw`)).toMatchObject({
      status: 409,
      body: { code: 'not_withdrawable' },
    });
  });

  it('refuses one that is not there', async () => {
    expect(await api.call('POST', `${path}/999999/withdraw`)).toMatchObject({ status: 404 });
  });
});

describe('sending many again', () => {
  it('only counts with dryRun', async () => {
    await failMany(3);
    expect(await redrive({ filter: {}, dryRun: true })).toMatchObject({
      status: 200,
      body: { retried: 0, remaining: 3, moreRemain: false },
    });
    expect(await list('status=failed')).toHaveLength(3);
  });

  it('takes 1,200 in calls of 500, the oldest first', async () => {
    await failMany(1_200);
    const oldest = (await list('status=failed&limit=100')).at(-1);
    const calls = [];
    for (let call = 0; call < 3; call += 1) calls.push((await redrive({ filter: {}, limit: 500 })).body);
    expect(calls).toEqual([
      { retried: 500, remaining: 700, moreRemain: false },
      { retried: 500, remaining: 200, moreRemain: false },
      { retried: 200, remaining: 0, moreRemain: false },
    ]);
    expect(await list('status=pending&limit=1')).not.toEqual([oldest]);
    const { rows } = await sql`select distinct epoch, reason from notifications`.execute(db);
    expect(rows).toEqual([{ epoch: 2, reason: null }]);
  });

  it('leaves unknown outcomes alone unless they are named', async () => {
    await failMany(2, 'unknown');
    expect(await redrive({ filter: {} })).toMatchObject({ body: { retried: 0, remaining: 0 } });
    expect(await redrive({ filter: { reason: 'attempts_used_up' } })).toMatchObject({ body: { retried: 0 } });
    expect(await redrive({ filter: { status: 'unknown' } })).toMatchObject({ body: { retried: 2 } });
  });

  it('takes only what the filter names', async () => {
    const { ids, ticketId } = await notificationsIn(
      { status: 'failed', reason: 'markup_refused', created: '2026-01-01T00:00:00Z' },
      { status: 'failed', reason: 'attempts_used_up', created: '2026-01-02T00:00:00Z' },
    );
    await failMany(2);
    const filter = { reason: 'attempts_used_up', ticketId, since: '2026-01-02T00:00:00Z' };
    expect(await redrive({ filter })).toMatchObject({ body: { retried: 1, remaining: 0 } });
    expect(await list('status=pending')).toEqual([ids[1]]);
  });

  it("tells Replybell's ticket from another system's with the same number", async () => {
    const { ids, ticketId } = await notificationsIn({ status: 'failed' });
    const { rows } = await sql<{ id: number }>`
      insert into notifications (user_id, ticket_id, subject, status)
      select user_id, ticket_id, 'Parcel', 'failed' from notifications returning id`.execute(db);
    expect(await redrive({ filter: { ticketId, foreign: true } })).toMatchObject({ body: { retried: 1 } });
    expect(await list('status=pending')).toEqual(rows.map(({ id }) => String(id)));
    expect(await redrive({ filter: { ticketId, foreign: false } })).toMatchObject({ body: { retried: 1 } });
    expect(await list('status=pending&foreign=false')).toEqual(ids);
  });

  it('counts no further than 10,000', async () => {
    await failMany(10_001);
    expect(await redrive({ filter: {}, dryRun: true })).toMatchObject({
      body: { remaining: 10_000, moreRemain: true },
    });
  });

  it.each([
    {},
    { filter: { status: 'sent' } },
    { filter: { nonsense: 1 } },
    { filter: {}, limit: 10_001 },
    { filter: { since: 'now' } },
  ])('refuses %j', async (body) => {
    expect(await redrive(body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  });
});
