import { describeEachBackend, type QueueServices } from '@replybell/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTestApp, type TestApp } from './test-app.ts';

describeEachBackend('replies', (backend) => {
  let services: QueueServices;
  let api: TestApp;
  beforeAll(async () => {
    services = await backend.open();
    api = await openTestApp(services.env);
  });
  afterAll(async () => {
    await api.close();
    await services.close();
  });

  test('a reply is stored with its notification, and a job that carries ids only is added', async () => {
    const { ticketId } = await api.openTicket();
    const { status, body } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, {
      message: 'Solved',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      reply: {
        id: expect.any(Number),
        ticketId,
        author: 'admin',
        message: 'Solved',
        createdAt: expect.any(String),
      },
      notification: { id: expect.any(String), status: 'pending' },
    });
    await vi.waitFor(async () => {
      expect(await api.waitingJobs()).toContain(`n-${body.notification.id}-1`);
    });

    const notification = await api.call('GET', `/api/admin/notifications/${body.notification.id}`);
    expect(notification).toMatchObject({
      status: 200,
      body: { id: body.notification.id, ticketId, status: 'pending', attempts: 0, timeline: [] },
    });
  });

  test('a closed ticket takes a reply only after it was reopened', async () => {
    const { ticketId } = await api.openTicket();
    const url = `/api/admin/tickets/${ticketId}`;
    await api.call('PUT', `${url}/status`, { status: 'closed' });
    const refused = await api.call('POST', `${url}/replies`, { message: 'One more thing' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'ticket_closed' } });
    expect(refused.body.detail).toContain('Reopen it first');
    expect((await api.call('GET', url)).body.messages).toHaveLength(1);

    await api.call('PUT', `${url}/status`, { status: 'open' });
    expect((await api.call('POST', `${url}/replies`, { message: 'One more thing' })).status).toBe(201);
  });

  test('a reply to a ticket that does not exist is 404', async () => {
    const reply = { message: 'Hello?' };
    expect(await api.call('POST', '/api/admin/tickets/999999/replies', reply)).toMatchObject({
      status: 404,
      body: { code: 'ticket_not_found' },
    });
    expect(await api.call('GET', '/api/admin/notifications/999999')).toMatchObject({
      status: 404,
      body: { code: 'notification_not_found' },
    });
  });

  test('a request that is repeated with its key gets the same reply, and makes no second one', async () => {
    const { ticketId } = await api.openTicket();
    const send = (message: string) =>
      api.call(
        'POST',
        `/api/admin/tickets/${ticketId}/replies`,
        { message },
        { 'idempotency-key': `key-${ticketId}` },
      );
    const answers = await Promise.all(Array.from({ length: 50 }, () => send('Once')));
    expect(new Set(answers.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect((await api.call('GET', `/api/admin/tickets/${ticketId}`)).body.messages).toHaveLength(2);

    expect(await send('Something else')).toMatchObject({ status: 422, body: { code: 'key_reused' } });
    await api.call('PUT', `/api/admin/tickets/${ticketId}/status`, { status: 'closed' });
    expect((await send('Once')).body).toEqual(answers[0]?.body);
  });

  test('an idempotency key that is no visible ASCII is refused', async () => {
    const { ticketId } = await api.openTicket();
    const url = `/api/admin/tickets/${ticketId}/replies`;
    for (const key of ['', 'with space', 'x'.repeat(256)]) {
      const answer = await api.call('POST', url, { message: 'Hi' }, { 'idempotency-key': key });
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    }
  });
});
