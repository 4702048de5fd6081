import { createLinkToken, findUser, insertUser } from '@replybell/database';
import type { StartedProcess } from '@replybell/testing';
import { anyBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BOT_TOKEN, type Harness, openHarness } from './harness.ts';

const within = { timeout: 15_000, interval: 50 };

let harness: Harness;
beforeEach(async () => {
  harness = await openHarness(anyBackend);
});
afterEach(() => harness.close());

describe("the bot's updates, polled by a worker", () => {
  const pendingUpdates = async () => (await harness.telegram.stats()).pendingUpdates;

  async function linkOf(username: string): Promise<{ userId: number; start: string }> {
    const user = await insertUser(harness.db, { username, telegramId: null, locale: 'en' });
    return { userId: user.id, start: await startOf(user.id) };
  }

  /** What the user of a link sends to the bot. */
  async function startOf(userId: number): Promise<string> {
    const made = await createLinkToken(harness.db, userId, 1);
    if (made.kind !== 'made') throw new Error('There is no such user');
    return `/start ${made.token}`;
  }

  it('deliver what was parked while the user had blocked the bot', async () => {
    await harness.startWorker();
    const telegramId = 60_001;
    const reply = await harness.reply({ telegramId, enqueue: false });
    await harness.telegram.changeChat(telegramId, { blocked: true });
    await vi.waitFor(async () => {
      expect(await harness.statusOf(reply)).toBe('parked');
      expect(await findUser(harness.db, reply.userId)).toMatchObject({ unreachableReason: 'bot_blocked' });
    }, within);
    await harness.telegram.changeChat(telegramId, { blocked: false });
    await harness.telegram.waitForMessages(1, { chatId: telegramId });
    await vi.waitFor(async () => expect(await harness.statusOf(reply)).toBe('sent'), within);
    expect((await findUser(harness.db, reply.userId))?.unreachableReason).toBeNull();
  });

  it('link an account, greet, and deliver what waited for it', async () => {
    await harness.startWorker();
    const reply = await harness.reply({ telegramId: null });
    await vi.waitFor(async () => expect(await harness.statusOf(reply)).toBe('parked'), within);
    await harness.telegram.actAsUser(60_002, { text: await startOf(reply.userId) });
    const messages = await harness.telegram.waitForMessages(2, { chatId: 60_002 });
    const texts = messages.map((message) => message.text).join('\n');
    expect(texts).toContain('Аккаунт привязан');
    expect(texts).toContain(`тикет #${reply.ticketId}`);
  });

  it('wait in their order for a user whose row is held, and keep nobody else waiting', async () => {
    const { db, telegram } = harness;
    const [held, other] = [60_011, 60_012];
    const [heldUser] = await Promise.all(
      [held, other].map((telegramId) => insertUser(db, { username: 'anna', telegramId, locale: 'en' })),
    );
    const mutedAt = async (telegramId: number) => {
      const { rows } = await sql<{ muted_at: Date | null }>`
        select muted_at from users where telegram_id = ${telegramId}`.execute(db);
      return rows[0]?.muted_at;
    };
    const worker = await harness.startWorker({ TELEGRAM_CHAT_INTERVAL_MS: '0' });
    await db.transaction().execute(async (trx) => {
      await sql`select from users where id = ${heldUser?.id} for update`.execute(trx);
      for (const text of ['/stop', '/start', '/stop']) await telegram.actAsUser(held, { text });
      await telegram.actAsUser(other, { text: '/stop' });
      await worker.waitForLog("An update waits as its user's row is held");
      await vi.waitFor(async () => expect(await mutedAt(other)).not.toBeNull(), within);
      expect(await mutedAt(held)).toBeNull();
    });
    const handled = () =>
      worker.lines.flatMap(({ text }) => /"msg":"Update of user 60011 handled: (\w+)"/.exec(text)?.[1] ?? []);
    await vi.waitFor(() => expect(handled()).toEqual(['stop', 'start', 'stop']), within);
    expect(await mutedAt(held)).not.toBeNull();
    expect(worker.lines.filter(({ text }) => text.includes('could not be handled'))).toEqual([]);
  });

  it('lose and double nothing in five restarts, killed or stopped, and while Telegram repeats itself', async () => {
    const users = 30;
    const links = await Promise.all(Array.from({ length: users }, (_, i) => linkOf(`user ${i}`)));
    const env = { TELEGRAM_CHAT_INTERVAL_MS: '0', TELEGRAM_MESSAGES_PER_SECOND: '1000' };
    const handled = async () => {
      const { rows } = await sql<{
        handled: number;
      }>`select count(*) as handled from telegram_updates`.execute(harness.db);
      return rows[0]?.handled ?? 0;
    };
    let worker: StartedProcess = await harness.startWorker(env);
    for (let written = 0; written < users; ) {
      // The answer to a poll is lost: the same updates come again.
      await harness.telegram.addFault({ kind: 'accepted-then-truncated', method: 'getUpdates', times: 1 });
      const before = written;
      for (; written < before + users / 5; written += 1) {
        await harness.telegram.actAsUser(61_000 + written, { text: links[written]?.start ?? '' });
      }
      await vi.waitFor(async () => expect(await handled()).toBeGreaterThan(before), within);
      await ((written / 6) % 2 === 0 ? worker.kill() : worker.stop());
      worker = await harness.startWorker(env);
    }
    await vi.waitFor(async () => {
      const found = await Promise.all(links.map(({ userId }) => findUser(harness.db, userId)));
      expect(found.map((user) => user?.telegramId)).toEqual(links.map((_, i) => 61_000 + i));
      expect(await pendingUpdates()).toBe(0);
    }, within);
    // Each was handled once: nobody was told that the link had been used before.
    await worker.stop();
    const texts = (await harness.telegram.ledger()).map((message) => message.text);
    expect(texts.filter((text) => !text.includes('Your account is linked'))).toEqual([]);
    expect(texts.length).toBeLessThanOrEqual(users);
    expect(await handled()).toBe(users);
  }, 60_000);

  it('are taken over within seconds when the polling worker is killed', async () => {
    const first = await harness.startWorker();
    await vi.waitFor(async () => {
      expect((await harness.telegram.stats()).requests['getUpdates']).toBe(1);
    }, within);
    await harness.startWorker();
    await first.kill();
    const killedAtMs = performance.now();
    await harness.telegram.actAsUser(60_003, { text: '/start' });
    await harness.telegram.waitForMessages(1, { chatId: 60_003 });
    expect(performance.now() - killedAtMs).toBeLessThan(9_000);
  });
});

describe('a worker that polls', () => {
  it('says once that a webhook is in the way, and polls when it is gone', async () => {
    const botApi = (method: string, query = '') =>
      fetch(`${harness.env['TELEGRAM_API_ROOT']}/bot${BOT_TOKEN}/${method}?${query}`);
    await botApi('setWebhook', 'url=http://127.0.0.1:1/');
    const worker = await harness.startWorker();
    await worker.waitForLog('npm run webhook -- delete');
    await vi.waitFor(async () => {
      expect((await harness.telegram.stats()).requests['getUpdates']).toBeGreaterThan(1);
    }, within);
    await botApi('deleteWebhook');
    await worker.waitForLog('updates come again', { timeoutMs: 40_000 });
    expect(worker.lines.filter((line) => line.text.includes('can not be polled'))).toHaveLength(1);
    await harness.telegram.actAsUser(60_004, { text: '/start' });
    await harness.telegram.waitForMessages(1, { chatId: 60_004 });
  }, 60_000);

  it('goes on when a refused token is accepted again', async () => {
    await harness.telegram.addFault({ kind: 'revoked' });
    const worker = await harness.startWorker();
    await worker.waitForLog('Telegram refuses BOT_TOKEN. Set');
    await harness.telegram.clearFaults();
    await worker.waitForLog('updates come again');
    await harness.telegram.actAsUser(60_005, { text: '/start' });
    await harness.telegram.waitForMessages(1, { chatId: 60_005 });
  });

  it('does not poll when it is told not to', async () => {
    const worker = await harness.startWorker({ TELEGRAM_UPDATES: 'off' });
    await harness.reply();
    await worker.waitForLog('Telegram notification sent');
    expect((await harness.telegram.stats()).requests['getUpdates']).toBeUndefined();
  });

  it('stops at once in the middle of a poll', async () => {
    const worker = await harness.startWorker();
    await vi.waitFor(async () => {
      expect((await harness.telegram.stats()).requests['getUpdates']).toBe(1);
    }, within);
    const { code, tookMs } = await worker.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(3_000);
  });
});
