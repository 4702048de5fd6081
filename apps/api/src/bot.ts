import { createAnswers, type Handled, handleUpdate, type PacedResult, sendPaced } from '@replybell/bot';
import type { Config } from '@replybell/config';
import type { Db } from '@replybell/database';
import type { Logger } from '@replybell/logger';
import {
  botIdOf,
  classifyAnswer,
  createSender,
  type OutgoingMessage,
  toAnswer,
  tokenFingerprint,
  type Update,
} from '@replybell/telegram';
import { ProblemError } from './problem.ts';

/** The bot as far as the API speaks for it: single messages while somebody waits for the answer, and updates by webhook. */
export type Bot = {
  /** Sends one message in the pace of all; takes `SLOT_TIMEOUT_MS` and `SEND_TIMEOUT_MS` at most. */
  send(message: OutgoingMessage): Promise<PacedResult>;
  /** The bot's user name, without `@`. @throws a problem that says why Telegram does not tell it. */
  username(): Promise<string>;
  /** Does what an update asks for, once. Rejects while Postgres is away; then Telegram has to bring it again. */
  handleUpdate(update: Update): Promise<Handled>;
  /** Answers that are under way get a moment. */
  close(): Promise<void>;
};

/** Together shorter than a request may take. */
const SLOT_TIMEOUT_MS = 3_000;
const SEND_TIMEOUT_MS = 5_000;
const CONNECTIONS = 4;
/** Less than what may follow the last request. */
const LAST_ANSWERS_MS = 2_000;

/** @returns undefined without a `BOT_TOKEN`: the API works and stores all the same. */
export function openBot(config: Config, db: Db, logger: Logger): Bot | undefined {
  const { BOT_TOKEN: token } = config;
  if (token === undefined) return undefined;
  const sendTimeoutMs = Math.min(config.TELEGRAM_TIMEOUT_MS, SEND_TIMEOUT_MS);
  const sender = createSender({
    token,
    apiRoot: config.TELEGRAM_API_ROOT,
    timeoutMs: sendTimeoutMs,
    connections: CONNECTIONS,
  });
  const options = {
    db,
    sender,
    tokenFingerprint: tokenFingerprint(token),
    chatIntervalMs: config.TELEGRAM_CHAT_INTERVAL_MS,
    sendTimeoutMs,
    timeoutMs: SLOT_TIMEOUT_MS,
    logger,
  };
  const answers = createAnswers(options);
  const context = {
    db,
    botId: botIdOf(token),
    botUsername: sender.botUsername,
    answer: answers.answer,
    logger,
  };
  return {
    send: (message) => sendPaced(message, options),
    username: () => sender.botUsername().catch(refuseNameless),
    handleUpdate: (update) => handleUpdate(update, context),
    async close() {
      await answers.finish(LAST_ANSWERS_MS);
      await sender.close();
    },
  };
}

/** @throws a problem if there is no `BOT_TOKEN`. */
export function needBot(bot: Bot | undefined): Bot {
  if (!bot) throw new ProblemError('bot_not_configured');
  return bot;
}

function refuseNameless(error: unknown): never {
  const { outcome } = classifyAnswer(toAnswer(error));
  throw new ProblemError(outcome === 'unauthorized' ? 'bot_token_refused' : 'telegram_unavailable');
}
