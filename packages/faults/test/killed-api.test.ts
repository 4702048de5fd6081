import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { conclude, hold, openScene, openTicket, type Scene, untilSettled } from '../src/index.ts';

describe.concurrent('the reply of an API that is killed', { timeout: 120_000 }, () => {
  test('API killed after the commit, before its answer', async (context) => {
    const scene = await openScene(context);
    const [api, { ticketId }] = await Promise.all([
      scene.startApi(),
      openTicket(scene.db),
      scene.startWorker(),
    ]);
    const replies = await hold(scene, 'reply');
    const idempotencyKey = 'the-same-key';
    const cutOff = scene.admin.reply(ticketId, { idempotencyKey });
    await replies.reached();
    await api.kill();
    expect((await cutOff).status).toBe(0);
    await replies.release();

    await scene.startApi();
    const answer = await scene.admin.reply(ticketId, { idempotencyKey });
    expect(await scene.admin.reply(ticketId, { idempotencyKey })).toMatchObject({
      status: 201,
      body: answer.body,
    });
    expect(await countReplies(scene)).toBe(1);
    await conclude(scene, { row: 1, recoveryMs: await untilSettled(scene), duplicates: 0 });
  });

  test('API killed before the commit', async (context) => {
    const scene = await openScene(context);
    const [api, ticket, next] = await Promise.all([
      scene.startApi(),
      openTicket(scene.db),
      openTicket(scene.db),
      scene.startWorker(),
    ]);
    const replies = await hold(scene, 'reply');
    const cutOff = scene.admin.reply(ticket.ticketId);
    await replies.reached();
    await api.kill();
    expect((await cutOff).status).toBe(0);
    await replies.undo();
    expect(await countReplies(scene)).toBe(0);

    await scene.startApi();
    await scene.admin.replyForSure(next.ticketId);
    await conclude(scene, { row: 2, recoveryMs: await untilSettled(scene), duplicates: 0 });
    expect(await scene.telegram.ledger()).toHaveLength(1);
  });
});

async function countReplies({ db }: Scene): Promise<number | undefined> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from support_messages where author = 'admin'`.execute(db);
  return rows[0]?.count;
}
