import {
  createLinkToken,
  createReplyInserter,
  findNotification,
  findUser,
  insertTicket,
  insertUser,
  markUnreachable,
  parkUnlinked,
} from '@replybell/database';
import { createLogger } from '@replybell/logger';
import type { OutgoingMessage, Update } from '@replybell/telegram';
import { useTestDatabase } from '@replybell/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { handleUpdate } from '../src/index.ts';

const logger = createLogger({ name: 'bot', level: 'fatal', format: 'json', secrets: [] });
const { db } = await useTestDatabase();

let said: OutgoingMessage[];
beforeEach(() => {
  said = [];
});

const ourName = async () => 'Replybell_bot';

const handle = (update: Update, { botId = 1, botUsername = ourName } = {}) =>
  handleUpdate(update, { db, botId, botUsername, answer: (message) => said.push(message), logger });

let lastUpdateId = 0;
let lastTelegramId = 40;

function write(telegramId: number, text: string, languageCode = 'en'): Update {
  const chat = { id: telegramId, type: 'private', first_name: 'Anna' } as const;
  const from = { id: telegramId, is_bot: false, first_name: 'Anna', language_code: languageCode };
  return { update_id: ++lastUpdateId, message: { message_id: 1, date: 0, chat, from, text } } as Update;
}

function membership(telegramId: number, status: 'kicked' | 'member'): Update {
  const chat = { id: telegramId, type: 'private', first_name: 'Anna' };
  return { update_id: ++lastUpdateId, my_chat_member: { chat, new_chat_member: { status } } } as Update;
}

async function createUser({ linked = true, locale = 'ru' } = {}) {
  const telegramId = ++lastTelegramId;
  const user = await insertUser(db, { username: 'anna', telegramId: linked ? telegramId : null, locale });
  return { userId: user.id, telegramId };
}

async function reply(userId: number) {
  const ticket = await insertTicket(db, { userId, subject: 'Balance', message: 'Help', priority: 'medium' });
  if (ticket.kind !== 'inserted') throw new Error(ticket.kind);
  const stored = await createReplyInserter(db)({
    ticketId: ticket.ticket.id,
    message: 'Here',
    requestId: 'r',
  });
  if (stored.kind !== 'inserted') throw new Error(stored.kind);
  return { notificationId: stored.notification.id, userId, epoch: stored.notification.epoch };
}

async function makeToken(userId: number, ttlHours = 1): Promise<string> {
  const made = await createLinkToken(db, userId, ttlHours);
  if (made.kind !== 'made') throw new Error('There is no such user');
  return made.token;
}

const statusOf = async (notificationId: number) => (await findNotification(db, notificationId))?.status;

describe('/start with a link token', () => {
  it('links, frees what is parked, and greets in the language of the account', async () => {
    const { userId, telegramId } = await createUser({ linked: false, locale: 'ru' });
    const parked = await reply(userId);
    await parkUnlinked(db, parked);
    expect(await handle(write(telegramId, `/start ${await makeToken(userId)}`, 'en'))).toBe('handled');
    expect(await findUser(db, userId)).toMatchObject({ telegramId });
    expect(await statusOf(parked.notificationId)).toBe('pending');
    expect(said).toEqual([{ chatId: telegramId, text: expect.stringContaining('Аккаунт привязан') }]);
  });

  it('tells who comes with a wrong, used or expired link to ask for a new one, in their language', async () => {
    const { userId } = await createUser({ linked: false });
    const expired = await makeToken(userId, 0);
    const used = await makeToken(userId);
    await handle(write(++lastTelegramId, `/start ${used}`));
    for (const token of [expired, used, 'nobody-made-this']) {
      const stranger = ++lastTelegramId;
      await handle(write(stranger, `/start ${token}`));
      expect(said.at(-1)).toMatchObject({ chatId: stranger });
      expect(said.at(-1)?.text).toContain('Ask support for a new one');
    }
  });

  it('does the work once when the update comes several times at once', async () => {
    const { userId, telegramId } = await createUser({ linked: false });
    const update = write(telegramId, `/start ${await makeToken(userId)}`);
    const handled = await Promise.all(Array.from({ length: 6 }, () => handle(update)));
    expect(handled.sort()).toEqual(['handled', ...Array(5).fill('repeated')]);
    expect(said).toHaveLength(1);
  });
});

describe('/start alone', () => {
  it('makes a known user reachable, unmutes them and says so', async () => {
    const { userId, telegramId } = await createUser();
    await handle(write(telegramId, '/stop'));
    await markUnreachable(db, { userId, reason: 'chat_not_started' });
    await handle(write(telegramId, '/start'));
    expect(await findUser(db, userId)).toMatchObject({ mutedAt: null, unreachableReason: null });
    expect(said.at(-1)?.text).toContain('Здравствуйте');
  });

  it('tells a stranger how to get linked', async () => {
    await handle(write(++lastTelegramId, '/start'));
    expect(said.at(-1)?.text).toContain('do not know your account yet');
  });
});

describe('/stop', () => {
  it('mutes and withdraws what waits', async () => {
    const { userId, telegramId } = await createUser();
    const waiting = await reply(userId);
    await handle(write(telegramId, '/stop'));
    expect(await findUser(db, userId)).toMatchObject({ mutedAt: expect.any(Date) });
    expect(await findNotification(db, waiting.notificationId)).toMatchObject({
      status: 'withdrawn',
      reason: 'muted',
    });
    expect(said.at(-1)?.text).toContain('отключены');
  });
});

describe('a command that names a bot', () => {
  it('is obeyed if it names ours, in upper or lower case, and ignored if it names another', async () => {
    const { userId, telegramId } = await createUser({ linked: false });
    const token = await makeToken(userId);
    expect(await handle(write(telegramId, `/start@other_bot ${token}`))).toBe('ignored');
    expect(await findUser(db, userId)).toMatchObject({ telegramId: null });
    expect(said).toEqual([]);
    expect(await handle(write(telegramId, `/start@replybell_BOT ${token}`))).toBe('handled');
    expect(await findUser(db, userId)).toMatchObject({ telegramId });
    expect(await handle(write(telegramId, '/stop@other_bot'))).toBe('ignored');
    expect(await findUser(db, userId)).toMatchObject({ mutedAt: null });
  });

  it('is obeyed while Telegram does not tell our name', async () => {
    const { userId, telegramId } = await createUser();
    const botUsername = () => Promise.reject(new Error('Telegram is away'));
    expect(await handle(write(telegramId, '/stop@replybell_bot'), { botUsername })).toBe('handled');
    expect(await findUser(db, userId)).toMatchObject({ mutedAt: expect.any(Date) });
  });
});

describe('blocking and unblocking', () => {
  it('tell at once whether the user can be reached, without a word', async () => {
    const { userId, telegramId } = await createUser();
    await handle(membership(telegramId, 'kicked'));
    expect(await findUser(db, userId)).toMatchObject({ unreachableReason: 'bot_blocked' });
    await handle(membership(telegramId, 'member'));
    expect(await findUser(db, userId)).toMatchObject({ unreachableReason: null });
    expect(await handle(membership(++lastTelegramId, 'kicked'))).toBe('handled');
    expect(said).toEqual([]);
  });

  it('leave a muted user muted', async () => {
    const { userId, telegramId } = await createUser();
    await handle(write(telegramId, '/stop'));
    await handle(membership(telegramId, 'kicked'));
    await handle(membership(telegramId, 'member'));
    expect(await findUser(db, userId)).toMatchObject({ mutedAt: expect.any(Date) });
  });
});

it('ignores other texts, and takes another bot’s update of the same number', async () => {
  expect(await handle(write(++lastTelegramId, 'Hello?'))).toBe('ignored');
  const update = write(++lastTelegramId, '/start');
  expect(await handle(update)).toBe('handled');
  expect(await handle(update)).toBe('repeated');
  expect(await handle(update, { botId: 2 })).toBe('handled');
});
