import type { ChatChange } from '@replybell/simulator';
import { sql } from 'kysely';
import { describe, expect, type TestContext, test } from 'vitest';
import {
  conclude,
  openScene,
  openTickets,
  replyMany,
  type Scene,
  until,
  untilSettled,
} from '../src/index.ts';

describe('a user who cannot be reached', () => {
  type Refusal = { fault: string; change: ChatChange | null; reason: string };
  const refusals: Refusal[] = [
    { fault: '403 blocked', change: { blocked: true }, reason: 'bot_blocked' },
    { fault: '403 deactivated', change: { deactivated: true }, reason: 'user_deactivated' },
    { fault: "403 can't initiate", change: { started: false }, reason: 'chat_not_started' },
    { fault: '400 chat not found', change: null, reason: 'chat_not_found' },
  ];

  test.for(refusals)('$fault, until the user is back', async ({ change, reason }, context) => {
    // Without a change the simulator knows no such chat.
    const scene = await openWithWorkers(context, { SIMULATOR_KNOWS_EVERY_USER: change ? '1' : '0' });
    const [away, ...others] = await openTickets(scene.db, 6);
    if (!away) throw new Error('No ticket was made');
    if (change) await scene.telegram.changeChat(away.chatId, change);
    for (const { chatId } of change ? [] : others) await scene.telegram.changeChat(chatId, {});
    for (const { ticketId } of [away, ...others]) await scene.admin.replyForSure(ticketId);

    await untilSettled(scene);
    expect(await readStatuses(scene)).toEqual({ parked: [reason], sent: [null, null, null, null, null] });

    await scene.telegram.changeChat(away.chatId, { blocked: false, deactivated: false, started: true });
    const from = performance.now();
    const linked = await scene.admin.call('PATCH', `/api/admin/users/${away.userId}`, {
      telegramId: away.chatId,
    });
    expect(linked.status).toBe(200);
    await scene.telegram.waitForMessages(1, { chatId: away.chatId, timeoutMs: 60_000 });
    const recoveryMs = performance.now() - from;
    await untilSettled(scene);
    await conclude(scene, { row: 16, recoveryMs, duplicates: 0 });
  });
});

describe('a message that Telegram refuses', () => {
  const refusals = [
    ['entities', 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 3'],
    ['button', "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL"],
  ] as const;

  test.for(refusals)('400 for the %s', async ([, description], context) => {
    const scene = await openWithWorkers(context, {});
    const [refused, ...others] = await openTickets(scene.db, 10);
    if (!refused) throw new Error('No ticket was made');
    const refusal = { kind: 'answer', errorCode: 400, description } as const;
    await scene.telegram.addFault({ ...refusal, chatId: refused.chatId });
    const answers = await Promise.all(
      [refused, ...others].map(({ ticketId }) => scene.admin.reply(ticketId)),
    );
    await untilSettled(scene);

    const { body } = await scene.admin.call(
      'GET',
      `/api/admin/notifications/${answers[0]?.body.notification.id}`,
    );
    expect(body).toMatchObject({
      status: 'failed',
      timeline: [{ outcome: 'rejected', detail: description }],
    });
    await conclude(scene, {
      row: 17,
      duplicates: 0,
      excused: (fate) => fate.ticketId === refused.ticketId && fate.lastOutcome === 'rejected',
    });
  });
});

describe('a token that Telegram refuses', () => {
  test('token revoked for a while', async (context) => {
    const scene = await openScene(context, { env: { NOTIFICATION_ATTEMPTS: '1' } });
    const workers = await Promise.all([scene.startWorker(), scene.startWorker()]);
    await scene.startApi();
    await replyMany(scene, 20);
    await untilSettled(scene);
    const revoked = await scene.telegram.addFault({ kind: 'revoked' });
    await replyMany(scene, 40);
    await Promise.race(
      workers.map((worker) => worker.waitForLog('Deliveries stay paused', { timeoutMs: 60_000 })),
    );
    const delivery = await scene.admin.call('GET', '/api/admin/delivery');
    expect(delivery.body).toMatchObject({
      paused: true,
      pauses: [{ kind: 'token', detail: 'Unauthorized' }],
    });

    // Whatever was under way is answered by now: from here on nothing is sent but probes.
    const { requests: before } = await scene.telegram.stats();
    const probed = async () => (await scene.telegram.stats()).requests['getMe'] ?? 0;
    const probes = await probed();
    await until('another probe goes out', async () => (await probed()) > probes);
    expect((await scene.telegram.stats()).requests['sendMessage']).toBe(before['sendMessage']);

    await scene.telegram.removeFault(revoked.id);
    const from = performance.now();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    const alerts = workers.flatMap(({ lines }) =>
      lines.filter(({ fields }) => fields?.['level'] === 'error'),
    );
    expect(alerts.map(({ fields }) => fields?.['msg'])).toEqual([
      expect.stringContaining('Telegram refuses BOT_TOKEN'),
    ]);
    const { rows } = await sql`select from notifications where retries > 0 or unknowns > 0`.execute(scene.db);
    expect(rows).toHaveLength(0);
    await conclude(scene, { row: 19, recoveryMs, duplicates: 0 });
  });

  test('wrong token, set right by a restart', async (context) => {
    const scene = await openScene(context, { env: { NOTIFICATION_ATTEMPTS: '1' } });
    const [worker] = await Promise.all([
      scene.startWorker({ BOT_TOKEN: '123456:wrong-token' }),
      scene.startApi(),
    ]);
    await replyMany(scene, 40);
    await worker.waitForLog('Telegram refuses BOT_TOKEN', { timeoutMs: 30_000 });
    await worker.stop();
    const from = performance.now();
    await scene.startWorker();
    await untilSettled(scene);
    await conclude(scene, { row: 19, recoveryMs: performance.now() - from, duplicates: 0 });
  });

  test('two wrong tokens beside the right one', async (context) => {
    const scene = await openScene(context, { env: { NOTIFICATION_ATTEMPTS: '1' } });
    const [first, second] = await Promise.all([
      scene.startWorker({ BOT_TOKEN: '123456:wrong-token' }),
      scene.startWorker({ BOT_TOKEN: '654321:another-wrong-token' }),
      scene.startApi(),
    ]);
    await replyMany(scene, 40);
    for (const worker of [first, second]) await worker.waitForLog('Deliveries stay paused');
    const { requests: before } = await scene.telegram.stats();
    const from = performance.now();
    await scene.startWorker();
    await untilSettled(scene);
    const recoveryMs = performance.now() - from;
    // Nobody with a wrong token has sent anything meanwhile, although others probe, and deliver.
    const { requests, accepted } = await scene.telegram.stats();
    expect(requests['sendMessage']).toBe((before['sendMessage'] ?? 0) + accepted);
    const delivery = await scene.admin.call('GET', '/api/admin/delivery');
    expect(delivery.body).toMatchObject({ pauses: [{ kind: 'token' }, { kind: 'token' }] });
    await conclude(scene, { row: 19, recoveryMs, duplicates: 0 });
  });
});

async function openWithWorkers(context: TestContext, simulator: Record<string, string>): Promise<Scene> {
  const scene = await openScene(context, { simulator });
  await Promise.all([scene.startApi(), scene.startWorker(), scene.startWorker()]);
  return scene;
}

/** The reasons of all notifications, by status. */
async function readStatuses({ db }: Scene): Promise<Record<string, (string | null)[]>> {
  const { rows } = await sql<{ status: string; reasons: (string | null)[] }>`
    select status, array_agg(reason) as reasons from notifications group by status`.execute(db);
  return Object.fromEntries(rows.map(({ status, reasons }) => [status, reasons]));
}
