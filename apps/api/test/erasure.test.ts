import { claimNotifications, settleNotifications } from '@replybell/database';
import { claimOptions } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { dumpTables } from './dump-tables.ts';
import { asTma, botToken, initDataOf } from './mini-app.ts';
import { useTestApp } from './test-app.ts';

const api = await useTestApp({ BOT_TOKEN: botToken });
const { db } = api;

const CANARY = 'Kanarienvogel';
const erase = (userId: number) => api.call('POST', `/api/admin/users/${userId}/erase`);

test('an erased person leaves no text, name or id in any table; numbers and outcomes stay', async () => {
  const telegramId = 7_310_420_777;
  // Answers are kept for repeated requests: those to admins, and those to the user's own.
  const once = { 'idempotency-key': 'k-1' };
  const { body: user } = await api.call('POST', '/api/admin/users', { username: CANARY, telegramId }, once);
  const ticket = { userId: user.id, subject: `${CANARY} subject`, message: `${CANARY} message` };
  const { body: opened } = await api.call('POST', '/api/admin/tickets', ticket, { 'idempotency-key': 'k-2' });
  const own = { ...asTma(initDataOf({ telegramId })), 'idempotency-key': 'k-3' };
  const { userId: _, ...ownTicket } = ticket;
  const mine = await api.call('POST', '/api/me/tickets', ownTicket, own);
  const more = { message: `${CANARY} again` };
  await api.call('POST', `/api/me/tickets/${mine.body.id}/messages`, more, {
    ...own,
    'idempotency-key': 'k-4',
  });
  const replies = `/api/admin/tickets/${opened.id}/replies`;
  const sent = await api.call('POST', replies, { message: `${CANARY} reply` }, { 'idempotency-key': 'k-5' });
  const waiting = await api.call('POST', replies, { message: `${CANARY} again` });
  const [sentId, waitingId] = [sent.body.notification.id, waiting.body.notification.id];
  await sql`update notifications set status = 'sent', sent_at = now() where id = ${sentId}`.execute(db);
  await sql`
    insert into notification_attempts (notification_id, claim, ended_at, outcome, reason, detail)
    values (${sentId}, 1, now(), 'sent', null, ${`${CANARY} quoted`})`.execute(db);
  await sql`
    insert into notifications (ticket_id, user_id, subject, button_url)
    values (5000, ${user.id}, ${`${CANARY} elsewhere`}, ${`https://desk.example/${CANARY}`})`.execute(db);
  await sql`insert into chat_slots values (${telegramId}, now(), 1, 1)`.execute(db);
  await sql`
    insert into link_tokens (token_hash, user_id, expires_at)
    values (${Buffer.from('token')}, ${user.id}, now() + interval '1 day')`.execute(db);
  const bystander = await api.openTicket({ telegramId: telegramId + 1 });
  expect(await dumpTables(db)).toMatch(new RegExp(`${CANARY}.*${telegramId}|${telegramId}.*${CANARY}`, 's'));

  const erased = await erase(user.id);
  expect(erased).toMatchObject({
    status: 200,
    body: {
      id: user.id,
      username: `erased-${user.id}`,
      telegramId: null,
      erasedAt: expect.any(String),
      deliverability: { status: 'unlinked', reason: 'user_erased', advice: null },
    },
  });
  const left = await dumpTables(db);
  expect(left.toLowerCase()).not.toContain(CANARY.toLowerCase());
  expect(left).not.toContain(`${telegramId}`);
  expect((await sql`select from link_tokens where user_id = ${user.id}`.execute(db)).rows).toEqual([]);
  // Those that could make the person anew stay, without a hash of what they asked for.
  const { rows: keys } = await sql<{ key: string; body_hash: string }>`
    select key, body_hash from idempotency_keys where key like 'k-_' order by key`.execute(db);
  expect(keys).toEqual([
    { key: 'k-1', body_hash: 'erased' },
    { key: 'k-2', body_hash: 'erased' },
  ]);

  const after = await api.call('GET', `/api/admin/tickets/${opened.id}`);
  expect(after.body).toMatchObject({
    status: 'closed',
    subject: '',
    messages: [
      { author: 'user', message: '', notification: null },
      { author: 'admin', message: '', notification: { id: sentId, status: 'sent', attempts: 1 } },
      { notification: { id: waitingId, status: 'withdrawn', reason: 'user_erased', action: null } },
    ],
  });
  const { body: timeline } = await api.call('GET', `/api/admin/notifications/${sentId}`);
  expect(timeline.timeline).toMatchObject([{ outcome: 'sent', detail: null }]);
  const other = await api.call('GET', `/api/admin/tickets/${bystander.ticketId}`);
  expect(other.body).toMatchObject({ subject: 'Balance', status: 'open' });

  const again = await erase(user.id);
  expect(again.body).toEqual({ ...erased.body, updatedAt: expect.any(String) });
});

test('a request that is repeated after the erasure neither makes the person anew nor tells them again', async () => {
  const telegramId = 7_310_420_779;
  const reply = { telegramId, ticketId: 778, subject: CANARY };
  const requests: [string, object, Record<string, string>][] = [
    ['/api/admin/notifications', reply, { 'idempotency-key': 'late-1' }],
    ['/api/admin/users', { username: CANARY, telegramId }, { 'idempotency-key': 'late-2' }],
  ];
  for (const [url, body, headers] of requests) {
    expect(await api.call('POST', url, body, headers)).toMatchObject({ status: 201 });
  }
  const { body: found } = await api.call('GET', `/api/admin/users?telegramId=${telegramId}`);
  await erase(found.items[0].id);
  for (const [url, body, headers] of requests) {
    expect(await api.call('POST', url, body, headers)).toMatchObject({
      status: 409,
      body: { code: 'user_erased' },
    });
  }
  expect(await dumpTables(db)).not.toContain(`${telegramId}`);
});

test('an erased user is not linked, and neither they nor their tickets take anything any more', async () => {
  const { userId, ticketId } = await api.openTicket({ telegramId: 31 });
  await erase(userId);
  const refusals = [
    api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' }),
    api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'open' }),
    api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'closed' }),
    api.call('PATCH', `/api/admin/tickets/${ticketId}`, { priority: 'urgent' }),
    api.call('PATCH', `/api/admin/users/${userId}`, { telegramId: 31 }),
    api.call('PATCH', `/api/admin/users/${userId}`, { username: CANARY }),
    api.call('POST', '/api/admin/tickets', { userId, subject: 's', message: 'm' }),
    api.call('POST', '/api/admin/notifications', { userId, ticketId: 4_711, subject: 's' }),
  ];
  for (const refusal of refusals) {
    expect(await refusal).toMatchObject({ status: 409, body: { code: 'user_erased' } });
  }
  const { body } = await api.call('POST', '/api/admin/users', { username: 'back again', telegramId: 31 });
  expect(body).toMatchObject({ telegramId: 31, erasedAt: null });
});

test('there is nobody to erase at an unknown or broken id', async () => {
  expect(await erase(999_999)).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
  expect(await api.call('POST', '/api/admin/users/x/erase')).toMatchObject({ status: 400 });
});

test.each([
  ['sent', 'sent', null],
  ['retry', 'withdrawn', 'user_erased'],
  ['unknown', 'withdrawn', 'user_erased'],
] as const)(
  'a send that ends as %s after its user was erased leaves the notification %s',
  async (outcome, status, reason) => {
    const { userId, ticketId } = await api.openTicket({ telegramId: 500 + outcome.length });
    const stored = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
    const id = Number(stored.body.notification.id);
    const claimRequest = { notificationId: id, epoch: 1, run: 0, token: outcome };
    const [result] = await claimNotifications(db, [claimRequest], claimOptions);
    if (result?.kind !== 'claimed') throw new Error(`Not claimed: ${result?.kind}`);

    await erase(userId);
    expect((await api.call('GET', `/api/admin/notifications/${id}`)).body.status).toBe('sending');

    const settlement = {
      claim: result.claim,
      outcome,
      status: outcome === 'sent' ? ('sent' as const) : ('pending' as const),
      reason: outcome === 'sent' ? null : 'telegram_error',
      detail: `${CANARY} quoted by Telegram`,
      retryInMs: outcome === 'sent' ? null : 1_000,
      counts: true,
      telegramMessageId: outcome === 'sent' ? 9 : null,
      answeredAtMs: performance.now(),
      leastRoundTripMs: 0,
    };
    expect(await settleNotifications(db, [settlement], 0)).toEqual(['settled']);
    expect((await api.call('GET', `/api/admin/notifications/${id}`)).body).toMatchObject({
      status,
      reason,
      timeline: [{ outcome, detail: null }],
    });
    expect(await dumpTables(db)).not.toContain(CANARY);
  },
);

test('replies, tickets and links that race with the erasure are whole, or refused', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { userId, ticketId } = await api.openTicket({ telegramId: 9_000 + round });
    const elsewhere = { userId, ticketId: 4_711, subject: CANARY, url: `https://desk.example/${CANARY}` };
    const promises = Promise.all(
      [1, 2, 3].map(() => api.call('POST', '/api/admin/notifications', elsewhere)),
    );
    const answers = await Promise.all([
      ...[1, 2, 3].map(() => api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: CANARY })),
      api.call('POST', '/api/admin/tickets', { userId, subject: CANARY, message: CANARY }),
      api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'in_progress' }),
      erase(userId),
      erase(userId),
      api.call('PATCH', `/api/admin/users/${userId}`, { telegramId: 9_100 + round }),
      ...[1, 2, 3].map(() => api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: CANARY })),
    ]);
    for (const { status, body } of [...answers, ...(await promises)]) {
      if (status >= 300)
        expect({ status, body }).toMatchObject({ status: 409, body: { code: 'user_erased' } });
    }
    const { rows } = await sql`
      select from notifications where user_id = ${userId} and status <> 'withdrawn'`.execute(db);
    expect(rows).toEqual([]);
    expect(await dumpTables(db)).not.toContain(CANARY);
  }
});
