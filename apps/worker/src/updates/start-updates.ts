import { createAnswers, handleUpdate } from '@replybell/bot';
import type { Config } from '@replybell/config';
import type { Db } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import { botIdOf, createUpdateSource, type Sender, tokenFingerprint } from '@replybell/telegram';
import { whileDatabaseIsAway } from '../database-patience.ts';
import { pollUpdates } from './poll-updates.ts';
import { whileHoldingLease } from './polling-lease.ts';
import { stepOverHeldUp } from './step-over.ts';

export type UpdatesOptions = {
  db: Db;
  sender: Sender;
  config: Config & { BOT_TOKEN: string };
  logger: Logger;
};

export type Updates = {
  /** Ends the polling at once; answers that are under way have so many milliseconds. */
  stop(withinMs: number): Promise<void>;
};

/** Polls for the bot's updates, unless they come by webhook or are another program's. Of all workers one polls at a time. */
export function startUpdates({ db, sender, config, logger }: UpdatesOptions): Updates {
  if (config.TELEGRAM_UPDATES !== 'polling') return { stop: async () => {} };

  const { BOT_TOKEN: token, TELEGRAM_API_ROOT: apiRoot } = config;
  const botId = botIdOf(token);
  const stopping = new AbortController();
  const databaseOutage = createOutageLog(logger, {
    failed: 'Postgres is away: updates of the bot wait for it',
  });
  const source = createUpdateSource({ token, apiRoot });
  const answers = createAnswers({
    db,
    sender,
    tokenFingerprint: tokenFingerprint(token),
    chatIntervalMs: config.TELEGRAM_CHAT_INTERVAL_MS,
    sendTimeoutMs: config.TELEGRAM_TIMEOUT_MS,
    logger,
  });

  const context = { db, botId, botUsername: sender.botUsername, answer: answers.answer, logger };
  const handle = stepOverHeldUp(
    (update, onHeldUp) =>
      whileDatabaseIsAway(() => handleUpdate(update, context), {
        signal: stopping.signal,
        onWait: databaseOutage.failed,
        onHeldUp,
      }),
    logger,
  );
  const polling = whileHoldingLease({ db, botId, signal: stopping.signal }, (signal) =>
    pollUpdates({ source, logger, handle }, signal),
  );

  return {
    async stop(withinMs) {
      stopping.abort();
      await polling;
      await answers.finish(withinMs);
      await source.close();
    },
  };
}
