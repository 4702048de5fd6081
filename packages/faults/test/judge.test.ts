import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { BOT_TOKEN, judge, openScene, openTickets, type Scene } from '../src/index.ts';

test('the judge sees what is lost, doubled, and sent without a reply', {
  timeout: 60_000,
}, async (context) => {
  const scene = await openScene(context);
  const [[lost, doubled, fine], api] = await Promise.all([openTickets(scene.db, 3), scene.startApi()]);
  if (!lost || !doubled || !fine) throw new Error('No tickets were made');
  for (const { ticketId } of [lost, doubled, fine]) await scene.admin.replyForSure(ticketId);
  await api.stop();

  await sql`update notifications set status = 'sent'`.execute(scene.db);
  for (const ticketId of [doubled.ticketId, doubled.ticketId, fine.ticketId, 4_711])
    await send(scene, ticketId);
  const { breaches, ...counts } = await judge(scene);
  expect(counts).toEqual({ lost: 1, duplicates: 1, unknown: 0, cuts: 0 });
  expect(breaches).toEqual([
    expect.stringMatching(`^not delivered: .*"ticketId":${lost.ticketId},`),
    'a message for ticket 4711, whose reply was never committed',
    expect.stringMatching(`^more duplicates than unknown attempts: .*"ticketId":${doubled.ticketId},`),
  ]);

  await sql`delete from notifications where ticket_id = ${fine.ticketId}`.execute(scene.db);
  expect((await judge(scene)).lost).toBe(2);
});

/** Sends a message as somebody would who isn't a worker. */
async function send({ telegram }: Scene, ticketId: number): Promise<void> {
  const response = await fetch(`${telegram.url}/bot${BOT_TOKEN}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chat_id: 1, text: `#${ticketId}` }),
  });
  expect(response.status).toBe(200);
}
