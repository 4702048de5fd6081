import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { useTestApp } from './test-app.ts';

const api = await useTestApp();
const { db } = api;

/** A notification that stands in a status, as a worker would have left it. */
async function notificationIn(status: string): Promise<string> {
  const { ticketId } = await api.openTicket();
  const { body } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Hi' });
  const { id } = body.notification;
  await sql`update notifications set status = ${status}, retries = 7, unknowns = 3 where id = ${id}`.execute(
    db,
  );
  return id;
}

const decide = (id: string, path: string, body?: object) =>
  api.call('POST', `/api/admin/notifications/${id}/${path}`, body);

test.each(['failed', 'unknown'])(
  'a notification that is %s is sent again, with fresh counts',
  async (status) => {
    const id = await notificationIn(status);
    expect(await decide(id, 'retry')).toMatchObject({
      status: 200,
      body: { id, status: 'pending', reason: null },
    });
    const { rows } = await sql`select retries, unknowns, epoch from notifications where id = ${id}`.execute(
      db,
    );
    expect(rows).toEqual([{ retries: 0, unknowns: 0, epoch: 2 }]);
  },
);

test.each(['pending', 'sent', 'parked'])('a notification that is %s is not retried', async (status) => {
  const id = await notificationIn(status);
  expect(await decide(id, 'retry')).toMatchObject({ status: 409, body: { code: 'not_retryable' } });
});

test('an unknown outcome is settled by the word of an operator', async () => {
  const id = await notificationIn('unknown');
  expect(await decide(id, 'resolve', { outcome: 'sent' })).toMatchObject({
    status: 200,
    body: { status: 'sent', reason: 'resolved_by_operator', sentAt: expect.any(String) },
  });
  expect(await decide(id, 'resolve', { outcome: 'sent' })).toMatchObject({ status: 409 });

  const again = await notificationIn('unknown');
  expect(await decide(again, 'resolve', { outcome: 'resend' })).toMatchObject({
    body: { status: 'pending' },
  });
  expect(await decide(await notificationIn('failed'), 'resolve', { outcome: 'resend' })).toMatchObject({
    status: 409,
  });
});

test('decisions on what is not there, or without sense, are refused', async () => {
  expect(await decide('999999', 'retry')).toMatchObject({
    status: 404,
    body: { code: 'notification_not_found' },
  });
  const id = await notificationIn('unknown');
  expect(await decide(id, 'resolve', { outcome: 'maybe' })).toMatchObject({ status: 400 });
});
