import type { StartedProcess } from '@replybell/testing';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import {
  ADMIN_API_KEY,
  BOT_TOKEN,
  note,
  openScene,
  openTickets,
  type Queue,
  type Scene,
  untilSettled,
} from '../src/index.ts';

const CANARY_TEXT = 'canary text of a reply';
const queues: Queue[] = ['redis', 'postgres'];

test.for(queues)('secrets in logs, jobs, answers and Bull Board (%s)', async (queue, context) => {
  const scene = await openScene(context, { queue, env: { LOG_LEVEL: 'trace' } });
  const [api, worker] = await Promise.all([scene.startApi(), scene.startWorker()]);
  const tickets = await openTickets(scene.db, 12);
  const told: string[] = [];

  // Every way for a send to end, so that every kind of line is written.
  const refusal = {
    kind: 'answer',
    errorCode: 400,
    description: "Bad Request: can't parse entities",
  } as const;
  const unavailable = { kind: 'answer', errorCode: 500, description: 'Internal Server Error' } as const;
  await scene.telegram.addFault({ ...refusal, chatId: tickets[0]?.chatId ?? 0 });
  await scene.telegram.changeChat(tickets[1]?.chatId ?? 0, { blocked: true });
  for (const effect of [unavailable, { kind: 'reset' }, { kind: 'hang' }, { kind: 'html502' }] as const) {
    await scene.telegram.addFault({ ...effect, times: 1 });
  }
  for (const { ticketId } of tickets) await scene.admin.replyForSure(ticketId, { message: CANARY_TEXT });
  await untilSettled(scene);
  told.push(...(await badAnswers(scene)), await readBoard(scene), await dumpQueue(scene));

  await scene.simulator.kill();
  const [last] = await openTickets(scene.db, 1);
  await scene.admin.replyForSure(last?.ticketId ?? 0, { message: CANARY_TEXT });
  await worker.waitForLog('no_connection', { timeoutMs: 30_000 });
  told.push(await readBoard(scene), await dumpQueue(scene), await dumpNotifications(scene));
  await Promise.all([api.stop(), worker.stop()]);
  told.push(output(api), output(worker));

  const [, tokenOnly = ''] = BOT_TOKEN.split(':');
  const leaks = [CANARY_TEXT, BOT_TOKEN, tokenOnly, ADMIN_API_KEY].flatMap((secret) =>
    told.filter((text) => text.includes(secret)).map((text) => `${secret} in ${around(text, secret)}`),
  );
  note(context, { row: 24, queue, lost: 0, duplicates: 0, unknown: 0, recoveryMs: null });
  expect(leaks).toEqual([]);
});

const around = (text: string, part: string): string => {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 200), at + 200);
};

const output = ({ lines }: StartedProcess): string => lines.map(({ text }) => text).join('\n');

/** Answers that quote requests, if any does. */
async function badAnswers({ admin }: Scene): Promise<string[]> {
  const answers = await Promise.all([
    admin.call('POST', '/api/admin/tickets/1/replies', { message: `${CANARY_TEXT}\0` }),
    admin.call('POST', '/api/admin/tickets/1/replies', { message: 1, [CANARY_TEXT]: CANARY_TEXT }),
    admin.call('POST', '/api/admin/tickets/9999/replies', { message: CANARY_TEXT }),
    admin.call('GET', '/api/admin/tickets/1', undefined, { authorization: `Bearer x${ADMIN_API_KEY}` }),
    admin.call('GET', '/api/admin/notifications/1'),
    admin.call('GET', '/api/admin/delivery'),
    admin.call('GET', '/readyz'),
    admin.call('GET', '/metrics'),
  ]);
  // An unknown field's name is the client's own and is told back to it.
  return answers.map(({ body }) => JSON.stringify(body).replaceAll(`"path":"${CANARY_TEXT}"`, ''));
}

async function readBoard({ admin }: Scene): Promise<string> {
  const { status, body } = await admin.call(
    'GET',
    '/admin/queues/api/queues?activeQueue=notifications&jobsPerPage=50',
  );
  expect(status).toBe(200);
  expect(body.queues[0]?.jobs.length).toBeGreaterThan(0);
  return JSON.stringify(body);
}

/** All that the queue stores. */
async function dumpQueue(scene: Scene): Promise<string> {
  const { REDIS_URL } = scene.env;
  const dump = await (REDIS_URL === undefined ? dumpSchema(scene, 'bullmq') : dumpRedis(REDIS_URL));
  expect(dump).toContain('notificationId');
  return dump;
}

async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  const read = async (key: string): Promise<unknown> => {
    switch (await redis.type(key)) {
      case 'string':
        return redis.get(key);
      case 'hash':
        return redis.hgetall(key);
      case 'list':
        return redis.lrange(key, 0, -1);
      case 'zset':
        return redis.zrange(key, 0, '-1', 'WITHSCORES');
      case 'set':
        return redis.smembers(key);
      default:
        return redis.xrange(key, '-', '+');
    }
  };
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map(async (key) => [key, await read(key)]));
  redis.disconnect();
  return JSON.stringify(values);
}

async function dumpSchema({ db }: Scene, schema: string): Promise<string> {
  const { rows } = await sql<{ dump: string }>`
    select schema_to_xml(${schema}, true, false, '')::text as dump`.execute(db);
  return rows[0]?.dump ?? '';
}

async function dumpNotifications({ db }: Scene): Promise<string> {
  const { rows } = await sql`
    select n, a from notifications n left join notification_attempts a on a.notification_id = n.id`.execute(
    db,
  );
  return JSON.stringify(rows);
}
