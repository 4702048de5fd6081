import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StartedServer, startApi, useTestDatabase } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKey, bearer } from './test-app.ts';

// What looks like an outage of the database, and is none.
const database = await useTestDatabase();
const outage = /database is not available/;
let api: StartedServer;
beforeAll(async () => {
  api = await startApi({ DATABASE_URL: database.url, ADMIN_API_KEY: apiKey });
});
afterAll(() => api.stop());

test('a client that goes before its body has come is no outage', async () => {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'POST /api/session HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"email":',
  );
  await once(socket, 'connect');
  await sleep(200);
  socket.destroy();
  // Nothing tells when the server has noticed.
  await sleep(1_000);
  expect(api.lines.filter(({ text }) => outage.test(text))).toEqual([]);
});

test('a row that somebody holds is told as that, and nothing is stored', async () => {
  const { rows } = await sql<{
    id: number;
  }>`insert into users (username) values ('anna') returning id`.execute(database.db);
  const userId = rows[0]?.id;
  const answer = await database.db.transaction().execute(async (trx) => {
    await sql`select from users where id = ${userId} for update`.execute(trx);
    return fetch(`${api.url}/api/admin/users/${userId}`, {
      method: 'PATCH',
      headers: { ...bearer, 'content-type': 'application/json' },
      body: JSON.stringify({ telegramId: 77 }),
    });
  });
  expect(await answer.json()).toMatchObject({ status: 503, code: 'busy' });
  expect(api.lines.filter(({ text }) => outage.test(text))).toEqual([]);
});
