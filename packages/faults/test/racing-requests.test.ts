import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { conclude, openScene, openTicket, untilSettled } from '../src/index.ts';

test('50 racing requests with one key', async (context) => {
  const scene = await openScene(context);
  const [{ ticketId }] = await Promise.all([openTicket(scene.db), scene.startApi(), scene.startWorker()]);
  const options = { idempotencyKey: 'one-key', message: 'It is right again' };
  const answers = await Promise.all(Array.from({ length: 50 }, () => scene.admin.reply(ticketId, options)));
  const stored = answers.filter(({ status }) => status === 201);
  // Those that came while the first was under way may be told so.
  expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
  expect(new Set(stored.map(({ body }) => JSON.stringify(body))).size).toBe(1);

  const altered = await scene.admin.reply(ticketId, { ...options, message: 'It is wrong again' });
  expect(altered).toMatchObject({ status: 422, body: { code: 'key_reused' } });
  const { rows } = await sql`select message from support_messages where author = 'admin'`.execute(scene.db);
  expect(rows).toEqual([{ message: options.message }]);
  await conclude(scene, { row: 3, recoveryMs: await untilSettled(scene), duplicates: 0 });
});
