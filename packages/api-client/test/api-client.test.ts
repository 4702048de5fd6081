import { startApi, useTestDatabase } from '@replybell/testing';
import { afterAll, expect, test } from 'vitest';
import { createApiClient, type Schemas } from '../src/index.ts';

const apiKey = 'a-key-for-tests-with-more-than-32-characters';

const database = await useTestDatabase();
const api = await startApi({ DATABASE_URL: database.url, ADMIN_API_KEY: apiKey });
afterAll(async () => void (await api.stop()));

/** The types of bodies, answers and parameters are checked with the others: `npm run check:types`. */
test('a reply is made and followed by the typed client alone', async () => {
  const client = createApiClient({ baseUrl: api.url, apiKey });
  const user = await client.POST('/api/admin/users', { body: { username: 'anna', telegramId: 42 } });
  const userId = user.data?.id ?? 0;
  const newTicket: Schemas['NewTicket'] = { userId, subject: 'Balance', message: 'Where is it?' };
  const ticket = await client.POST('/api/admin/tickets', { body: newTicket });
  const id = ticket.data?.id ?? 0;
  const stored = await client.POST('/api/admin/tickets/{id}/replies', {
    params: { path: { id }, header: { 'idempotency-key': 'the-first' } },
    body: { message: 'Here' },
  });
  expect(stored.response.status).toBe(201);
  const status: Schemas['NotificationStatus'] | undefined = stored.data?.notification.status;
  expect(status).toBe('pending');
  const { data } = await client.GET('/api/admin/tickets/{id}', { params: { path: { id } } });
  expect(data?.messages.map(({ author, message }) => [author, message])).toEqual([
    ['user', 'Where is it?'],
    ['admin', 'Here'],
  ]);
});

test('a refusal comes back as a problem with its code and fields', async () => {
  const client = createApiClient({ baseUrl: api.url, apiKey });
  const { data, error } = await client.POST('/api/admin/users', { body: { username: '' } });
  expect(data).toBeUndefined();
  expect(error).toMatchObject({ code: 'validation_failed', errors: [{ path: 'username' }] });
  const missing = await client.GET('/api/admin/users/{id}', { params: { path: { id: 404 } } });
  expect(missing.error?.code).toBe('user_not_found');
});

test('metrics are read as a text', async () => {
  const client = createApiClient({ baseUrl: api.url, apiKey });
  const { data } = await client.GET('/metrics', { parseAs: 'text' });
  expect(data).toContain('# HELP replybell_');
});

test('without a key there is no way in', async () => {
  const { error } = await createApiClient({ baseUrl: api.url }).GET('/api/admin/tickets');
  expect(error?.code).toBe('unauthorized');
});
