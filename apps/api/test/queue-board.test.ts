import { describeEachBackend, type QueueServices } from '@replybell/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTestApp, type TestApp } from './test-app.ts';

const queueApi = '/admin/queues/api/queues/notifications';

describeEachBackend('the board', (backend) => {
  let services: QueueServices;
  let api: TestApp;
  let notificationId: string;
  let ticketId: number;
  beforeAll(async () => {
    services = await backend.open();
    api = await openTestApp(services.env);
    ({ ticketId } = await api.openTicket());
    const reply = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, {
      message: 'canary text',
    });
    expect(reply).toMatchObject({ status: 201 });
    notificationId = reply.body.notification.id;
    await vi.waitFor(async () => expect(await api.waitingJobs()).toHaveLength(1));
  });
  afterAll(async () => {
    await api.close();
    await services.close();
  });

  test('shows jobs by their notification and ticket, without a text', async () => {
    const { body } = await api.call('GET', '/admin/queues/api/queues?activeQueue=notifications');
    const [queue] = body.queues;
    expect(queue.jobs).toMatchObject([
      {
        id: `n-${notificationId}-1`,
        name: `notification ${notificationId} of ticket ${ticketId}`,
        data: { notificationId, ticketId },
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('canary');
    expect(queue.description).toContain(backend.name === 'redis' ? 'Redis' : 'PostgreSQL');
  });

  test('serves its page and what the page loads', async () => {
    const page = await api.call('GET', '/admin/queues');
    expect(page.status).toBe(200);
    const script = /src="(static\/js\/main[^"]+)"/.exec(page.body)?.[1];
    expect((await api.call('GET', `/admin/queues/${script}`)).status).toBe(200);
    expect((await api.call('GET', '/admin/queues/queue/notifications')).status).toBe(200);
  });

  test('pauses and resumes the queue, which readiness tells', async () => {
    expect((await api.call('PUT', `${queueApi}/pause`)).status).toBe(200);
    expect((await api.call('GET', '/readyz')).body.checks.queue).toBe('paused');
    expect((await api.call('PUT', `${queueApi}/resume`)).status).toBe(200);
    expect((await api.call('GET', '/readyz')).body.checks.queue).toBe('ok');
  });

  test('changes stand in the audit trail', async () => {
    await api.call('PUT', `${queueApi}/retry/failed`);
    const entries = () => api.call('GET', '/api/admin/audit?subject=queue:notifications');
    await vi.waitFor(async () =>
      expect((await entries()).body.items).toContainEqual(
        expect.objectContaining({
          actor: 'environment',
          action: 'queue.retry',
          detail: { method: 'PUT', path: `${queueApi}/retry/failed` },
        }),
      ),
    );
  });

  test.each([
    ['PUT', `${queueApi}/promote`],
    ['PUT', `${queueApi}/retry/failed`],
    ['PUT', `${queueApi}/clean/completed`],
    ['GET', `${queueApi}/workers`],
    ['GET', `${queueApi}/metrics`],
    ['GET', '/admin/queues/api/redis/stats'],
  ] as const)('%s %s is answered', async (method, url) => {
    expect((await api.call(method, url)).status).toBe(200);
  });

  test('empties the queue', async () => {
    expect((await api.call('PUT', `${queueApi}/empty`)).status).toBe(200);
    expect(await api.waitingJobs()).toEqual([]);
  });
});
