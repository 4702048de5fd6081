import {
  type Database,
  type Db,
  findUserByTelegramId,
  inTransaction,
  linkByToken,
  markReachable,
  markUnreachable,
  takeUpdate,
  updatePreferences,
} from '@replybell/database';
import type { Logger } from '@replybell/logger';
import { type BotAnswer, type OutgoingMessage, renderBotAnswer, type Update } from '@replybell/telegram';
import type { Transaction } from 'kysely';
import { type BotEvent, readUpdate } from './read-update.ts';

export type UpdateContext = {
  db: Db;
  /** Whose update it is. */
  botId: number;
  /** Asks for the bot's user name, without `@`, if a command names a bot. */
  botUsername: () => Promise<string>;
  /** Takes a message to send it when there is time. */
  answer: (message: OutgoingMessage) => void;
  logger: Logger;
};

/** What became of an update: `repeated` if it was handled before, `ignored` if it is none of our business. */
export type Handled = 'handled' | 'repeated' | 'ignored';

/**
 * Does what a user's update asks for, once: the update is noted in the same transaction. The user is answered after the
 * commit, so a process that dies between the two leaves the work done and the answer unsaid.
 *
 * @throws what Postgres throws; then nothing has changed, and the update may be handled again.
 */
export async function handleUpdate(update: Update, context: UpdateContext): Promise<Handled> {
  const event = readUpdate(update);
  if (!event || (await isForAnother(event, context))) return 'ignored';
  const { db, botId, answer, logger } = context;
  const updateId = update.update_id;
  const effect = await inTransaction(db, async (trx) => {
    if (!(await takeUpdate(trx, { botId, updateId }))) return undefined;
    return carryOut(trx, event);
  });
  if (!effect) return 'repeated';
  const { telegramId } = event;
  logger.info(
    {
      stage: 'update',
      updateId,
      event: event.kind,
      telegramId,
      userId: effect.userId,
      answer: effect.answer,
    },
    `Update of user ${telegramId} handled: ${event.kind}`,
  );
  if (effect.answer) answer(renderBotAnswer(effect.answer, effect.locale, telegramId));
  return 'handled';
}

/** Whether it is a command that names another bot. As long as Telegram doesn't tell our name, none does. */
async function isForAnother(event: BotEvent, { botUsername }: UpdateContext): Promise<boolean> {
  if (!('botName' in event) || event.botName === undefined) return false;
  const ours = await botUsername().catch(() => event.botName);
  return ours?.toLowerCase() !== event.botName.toLowerCase();
}

type Effect = {
  userId: number | undefined;
  locale: string;
  /** Blocking and unblocking are not answered. */
  answer: BotAnswer | undefined;
};

async function carryOut(trx: Transaction<Database>, event: BotEvent): Promise<Effect> {
  switch (event.kind) {
    case 'start': {
      const link =
        event.token === undefined ? undefined : await answerToToken(trx, { ...event, token: event.token });
      return welcome(trx, event, link);
    }
    case 'stop': {
      const user = await findUserByTelegramId(trx, event.telegramId);
      if (user) await updatePreferences(trx, user.id, { muted: true });
      return {
        userId: user?.id,
        locale: user?.locale ?? event.languageCode,
        answer: user ? 'muted' : 'not-linked',
      };
    }
    case 'blocked': {
      const user = await findUserByTelegramId(trx, event.telegramId);
      if (user) await markUnreachable(trx, { userId: user.id, reason: 'bot_blocked' });
      return silent(user);
    }
    case 'unblocked': {
      const user = await findUserByTelegramId(trx, event.telegramId);
      if (user) await markReachable(trx, user.id);
      return silent(user);
    }
    default:
      return event satisfies never;
  }
}

const silent = (user: { id: number; locale: string } | undefined): Effect => ({
  userId: user?.id,
  locale: user?.locale ?? '',
  answer: undefined,
});

async function answerToToken(
  trx: Transaction<Database>,
  link: { token: string; telegramId: number },
): Promise<BotAnswer> {
  const { kind } = await linkByToken(trx, link);
  switch (kind) {
    case 'linked':
      return 'linked';
    case 'expired':
      return 'link-expired';
    case 'used':
      return 'link-used';
    case 'unknown':
      return 'link-unknown';
    default:
      return kind satisfies never;
  }
}

/** Whoever presses Start can be reached and wants messages, whatever their link is worth. */
async function welcome(
  trx: Transaction<Database>,
  { telegramId, languageCode }: { telegramId: number; languageCode: string },
  link: BotAnswer | undefined,
): Promise<Effect> {
  const user = await findUserByTelegramId(trx, telegramId);
  if (!user) return { userId: undefined, locale: languageCode, answer: link ?? 'not-linked' };
  await updatePreferences(trx, user.id, { muted: false });
  await markReachable(trx, user.id);
  return { userId: user.id, locale: user.locale, answer: link ?? 'welcome-back' };
}
