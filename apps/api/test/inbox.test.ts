import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;

let users = 0;
/** A user of the calling test's own; its tickets are listed with `?userId=`. */
async function createUser(username = `user ${++users}`): Promise<number> {
  return (await api.call('POST', '/api/admin/users', { username })).body.id;
}

async function openTicket(userId: number, fields: { subject?: string; priority?: string } = {}) {
  const { body } = await api.call('POST', '/api/admin/tickets', {
    userId,
    subject: 'Balance',
    message: 'm',
    ...fields,
  });
  return body.id as number;
}

const reply = (id: number) => api.call('POST', `/api/admin/tickets/${id}/replies`, { message: 'Done' });
const setStatus = (id: number, status: string) =>
  api.call('PUT', `/api/admin/tickets/${id}/status`, { status });

async function listIds(query: string): Promise<number[]> {
  const { body } = await api.call('GET', `/api/admin/tickets?${query}`);
  return body.items.map((ticket: { id: number }) => ticket.id);
}

test('the ticket with the last activity comes first, with its user’s name and its last message’s time', async () => {
  const userId = await createUser('Inna');
  const [first, second] = [await openTicket(userId), await openTicket(userId)];
  expect(await listIds(`userId=${userId}`)).toEqual([second, first]);

  const answered = await reply(first);
  const { body } = await api.call('GET', `/api/admin/tickets?userId=${userId}`);
  expect(body.items).toMatchObject([
    { id: first, username: 'Inna', lastMessageAt: answered.body.reply.createdAt, status: 'waiting_user' },
    { id: second, username: 'Inna', unanswered: true },
  ]);
});

test('tickets are listed by status, priority and both', async () => {
  const userId = await createUser();
  const [low, urgent, closed] = [
    await openTicket(userId, { priority: 'low' }),
    await openTicket(userId, { priority: 'urgent' }),
    await openTicket(userId, { priority: 'urgent' }),
  ];
  await setStatus(closed, 'closed');
  expect(await listIds(`userId=${userId}&priority=urgent`)).toEqual([closed, urgent]);
  expect(await listIds(`userId=${userId}&status=open`)).toEqual([urgent, low]);
  expect(await listIds(`userId=${userId}&status=open&priority=urgent`)).toEqual([urgent]);
});

test('pages that are turned while tickets come and become active show no ticket twice', async () => {
  const userId = await createUser();
  const tickets: number[] = [];
  for (let count = 0; count < 7; count += 1) tickets.unshift(await openTicket(userId));
  const url = `/api/admin/tickets?userId=${userId}&limit=2`;

  const first = await api.call('GET', url);
  expect(first.body.items.map((ticket: { id: number }) => ticket.id)).toEqual(tickets.slice(0, 2));
  const [moved, ...stayed] = tickets.slice(2);
  await Promise.all([openTicket(userId), openTicket(userId), reply(moved ?? 0), reply(tickets[0] ?? 0)]);

  const seen: number[] = [];
  for (let cursor = first.body.nextCursor; cursor !== null; ) {
    const { body } = await api.call('GET', `${url}&cursor=${cursor}`);
    seen.push(...body.items.map((ticket: { id: number }) => ticket.id));
    cursor = body.nextCursor;
  }
  expect(seen).toEqual(stayed);
});

test('a ticket is unanswered while the last message is the user’s and it is not closed', async () => {
  const userId = await createUser();
  const id = await openTicket(userId);
  const unanswered = () => listIds(`userId=${userId}&unanswered=true`);
  const others = () => listIds(`userId=${userId}&unanswered=false`);
  expect([await unanswered(), await others()]).toEqual([[id], []]);

  await reply(id);
  expect([await unanswered(), await others()]).toEqual([[], [id]]);

  const { body } = await api.call('GET', `/api/admin/tickets/${id}`);
  await sql`insert into support_messages (ticket_id, author, message) values (${id}, 'user', 'And now?')`.execute(
    db,
  );
  const again = await api.call('GET', `/api/admin/tickets/${id}`);
  expect(await unanswered()).toEqual([id]);
  expect(again.body.unanswered).toBe(true);
  expect(Date.parse(again.body.updatedAt)).toBeGreaterThan(Date.parse(body.updatedAt));

  await setStatus(id, 'closed');
  expect(await unanswered()).toEqual([]);
});

test('the counts of the tabs follow what happens, and stop at a thousand', async () => {
  const before = (await api.call('GET', '/api/admin/tickets/counts')).body;
  const userId = await createUser();
  const [answered, closed] = [await openTicket(userId), await openTicket(userId), await openTicket(userId)];
  await reply(answered);
  await setStatus(closed, 'closed');
  const after = await api.call('GET', '/api/admin/tickets/counts');
  expect(after).toMatchObject({
    status: 200,
    body: {
      byStatus: {
        open: before.byStatus.open + 1,
        waiting_user: before.byStatus.waiting_user + 1,
        closed: before.byStatus.closed + 1,
      },
      unanswered: before.unanswered + 1,
      countedTo: 1_000,
    },
  });

  await sql`insert into support_tickets (user_id, subject, status) select ${userId}, 'x', 'in_progress' from generate_series(1, 1200)`.execute(
    db,
  );
  const many = await api.call('GET', '/api/admin/tickets/counts');
  expect(many.body).toMatchObject({ byStatus: { in_progress: 1_000 }, unanswered: 1_000 });
});

test('tickets are found by a part of their subject or of the user’s name, whatever it holds', async () => {
  const userId = await createUser('Zoë_100%');
  const [refund, other] = [
    await openTicket(userId, { subject: 'РЕФАНД  50% \\ _ за заказ 🎁🎁🎁' }),
    await openTicket(userId, { subject: 'Another thing' }),
  ];
  const found = (q: string) => listIds(`userId=${userId}&q=${encodeURIComponent(q)}`);
  for (const q of ['рефанд', 'ЕФАН', '50% \\ _', ' рефанд 50%', '🎁🎁🎁', '50', 'р', '🎁', '_']) {
    expect(await found(q), q).toEqual([refund]);
  }
  for (const q of ['zoë_100%', 'OË_1', 'Zo']) expect(await found(q), q).toEqual([other, refund]);
  for (const q of ['%%%', '___', '%', '\\\\', 'фа', 'заказа', "'; drop table users; --", '🎁🎁🎁🎁']) {
    expect(await found(q), q).toEqual([]);
  }
});

test('what is in more tickets than can be listed is found too, by subject or by name, page by page', async () => {
  const userId = await createUser('Frequent writer');
  await sql`insert into support_tickets (user_id, subject, updated_at)
     select ${userId}, 'Parcel №' || n, now() - n * interval '1 hour' from generate_series(1, 2100) n`.execute(
    db,
  );
  for (const q of ['parcel', 'frequent', 'Pa']) {
    const url = `/api/admin/tickets?limit=100&q=${q}`;
    const first = await api.call('GET', url);
    const second = await api.call('GET', `${url}&cursor=${first.body.nextCursor}`);
    const subjects = [...first.body.items, ...second.body.items].map((ticket) => ticket.subject);
    expect(subjects, q).toEqual(Array.from({ length: 200 }, (_, index) => `Parcel №${index + 1}`));
  }
  expect(await listIds('q=parcel&status=closed')).toEqual([]);
});

test('the next tickets may mislead about how common a word is', async () => {
  const [userId, fewTickets] = [await createUser(), await createUser()];
  const open = (subject: string, { from, to, of = userId }: { from: number; to: number; of?: number }) =>
    sql`
      insert into support_tickets (user_id, subject, updated_at)
      select ${of}::bigint, ${subject} || ' №' || n, now() + interval '1 day' - n * interval '1 second'
      from generate_series(${from}::integer, ${to}::integer) n`.execute(db);
  await open('Crowd', { from: 1, to: 10 });
  await open('Crowd', { from: 11, to: 20, of: fewTickets });
  await open('Something else', { from: 21, to: 200 });
  await open('Hidden', { from: 201, to: 2_400 });
  const subjects = async (query: string) => {
    const { body } = await api.call('GET', `/api/admin/tickets?limit=50&${query}`);
    return body.items.map(({ subject }: { subject: string }) => subject);
  };
  const numbered = (subject: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${subject} №${from + index}`);
  // Common, and there is no full page of it.
  expect(await subjects('q=crowd')).toEqual(numbered('Crowd', 1, 20));
  expect(await subjects(`q=crowd&userId=${userId}`)).toEqual(numbered('Crowd', 1, 10));
  expect(await subjects(`q=crowd&userId=${fewTickets}`)).toEqual(numbered('Crowd', 11, 20));
  expect(await subjects(`q=crowd&userId=${await createUser()}`)).toEqual([]);
  // None of the next, and more than are listed.
  expect(await subjects('q=hidden')).toEqual(numbered('Hidden', 201, 250));
  expect(await subjects('q=hidden&status=closed')).toEqual([]);
  // The pages of it, found in one way and then in the other.
  const found: number[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await api.call('GET', `/api/admin/tickets?limit=100&q=hidden${cursor}`);
    found.push(...body.items.map(({ id }: { id: number }) => id));
    if (!body.nextCursor) break;
    cursor = `&cursor=${body.nextCursor}`;
  }
  expect(found).toHaveLength(2_200);
  expect(new Set(found).size).toBe(2_200);
});

test('of a name that thousands have the tickets are found, though most have none', async () => {
  const other = await createUser();
  await sql`insert into support_tickets (user_id, subject, updated_at)
    select ${other}::bigint, 'Another', now() + interval '2 days' from generate_series(1, 150)`.execute(db);
  await sql`insert into users (username) select 'Namesake ' || n from generate_series(1, 2500) n`.execute(db);
  const { body } = await api.call('GET', '/api/admin/users?q=Namesake%202499');
  const ticket = await openTicket(body.items[0].id);
  expect(await listIds('q=namesake')).toEqual([ticket]);
});

test.each([
  ['limit=0', 'limit'],
  ['limit=101', 'limit'],
  ['limit=1e1', 'limit'],
  ['limit=', 'limit'],
  ['status=new', 'status'],
  ['status=open&status=closed', 'status'],
  ['priority=', 'priority'],
  ['unanswered=1', 'unanswered'],
  ['unanswered=', 'unanswered'],
  ['userId=0', 'userId'],
  ['q=%20', 'q'],
  ['q=%00', 'q'],
  [`q=${'a'.repeat(101)}`, 'q'],
  ['cursor=nonsense', 'cursor'],
  [`cursor=${Buffer.from('17').toString('base64url')}`, 'cursor'],
  [`cursor=${Buffer.from('1.0').toString('base64url')}`, 'cursor'],
  ['statuss=open', 'statuss'],
])('a list asked for with ?%s is refused, and nothing tells of the database', async (query, field) => {
  const refused = await api.call('GET', `/api/admin/tickets?${query}`);
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: field }] } });
  expect(JSON.stringify(refused.body)).not.toMatch(/select|syntax|relation|column/i);
});

test('a cursor of the far future or past is a page, not an error', async () => {
  const cursor = (text: string) => Buffer.from(text).toString('base64url');
  for (const text of ['9999999999999999.1', '0.999999999999999']) {
    expect(await api.call('GET', `/api/admin/tickets?cursor=${cursor(text)}`)).toMatchObject({ status: 200 });
  }
});
