import { Api, GrammyError } from 'grammy';
import type { Answer } from './answer.ts';
import type { OutgoingMessage } from './message.ts';
import { createTransport, NoAnswerError, NotTelegramError, type TransportOptions } from './transport.ts';

export type Sender = {
  /** Sends one message with one call of `sendMessage` and tells what came back. Never throws, never retries. */
  send(message: OutgoingMessage): Promise<Answer>;
  /** The bot's user name, without `@`; asked for once (`getMe`). */
  botUsername(): Promise<string>;
  /** Asks Telegram for the bot itself (`getMe`): null if it answers, or what came instead. */
  probe(): Promise<Answer | null>;
  /** The least time between a request and its answer so far, in milliseconds; 0 until there were enough to tell. */
  leastRoundTripMs(): number;
  close(): Promise<void>;
};

/** The first answers of a process are slow for reasons of its own: their least time says little of the network. */
const ENOUGH_ROUND_TRIPS = 100;

export function createSender(options: Omit<TransportOptions, 'onRoundTrip'>): Sender {
  let leastMs = Number.POSITIVE_INFINITY;
  let roundTrips = 0;
  const transport = createTransport({
    ...options,
    onRoundTrip: (ms) => {
      leastMs = Math.min(leastMs, ms);
      roundTrips += 1;
    },
  });
  const api = new Api(options.token, { apiRoot: options.apiRoot });
  api.config.use(transport.transformer);
  let username: Promise<string> | undefined;

  return {
    async send({ chatId, text, button }) {
      try {
        const sent = await api.sendMessage(chatId, text, {
          parse_mode: 'HTML',
          ...(button && { reply_markup: { inline_keyboard: [[button]] } }),
          link_preview_options: { is_disabled: true },
        });
        return { kind: 'accepted', messageId: messageIdIn(sent) };
      } catch (error) {
        return withoutMigrationTo(chatId, toAnswer(error));
      }
    },
    async botUsername() {
      username ??= api.getMe().then(usernameIn);
      try {
        return await username;
      } catch (error) {
        username = undefined;
        throw error;
      }
    },
    async probe() {
      try {
        await api.getMe();
        return null;
      } catch (error) {
        return toAnswer(error);
      }
    },
    leastRoundTripMs: () => (roundTrips < ENOUGH_ROUND_TRIPS ? 0 : leastMs),
    close: () => transport.close(),
  };
}

/** Telegram took the message, whatever else it says, or doesn't. */
const messageIdIn = (sent: { message_id?: unknown } | null | undefined): number | null =>
  integer(sent?.message_id) ?? null;

/** @throws if it tells none: a link to nobody would lead users astray. */
function usernameIn(bot: { username?: unknown } | null | undefined): string {
  if (typeof bot?.username === 'string') return bot.username;
  throw new NotTelegramError(200);
}

/** What Telegram says is one line; a server in its place may say anything. */
const MAX_DESCRIPTION = 1_000;

/** A chat that moves to where it is doesn't move: that would be tried at once, again and again. */
function withoutMigrationTo(chatId: number, answer: Answer): Answer {
  if (answer.kind !== 'refused' || answer.migrateToChatId !== chatId) return answer;
  const { migrateToChatId: _itself, ...refusal } = answer;
  return refusal;
}

/** What Telegram said, as far as it is a text that Postgres can store. */
function descriptionIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.replaceAll('\0', '').toWellFormed().slice(0, MAX_DESCRIPTION) || undefined;
}

/** An integer, if it is one: what comes from outside may be anything. */
const integer = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) ? Number(value) : undefined;

/** A time to wait, rounded up, however it is written: to wait too briefly is what must not be. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.ceil(number) : undefined;
}

/**
 * Makes an answer of an error of the Bot API client. Only the parts that are known to be harmless are kept: grammY's
 * errors hold the message's text, network errors the address with the token.
 */
export function toAnswer(error: unknown): Answer {
  if (error instanceof GrammyError) {
    const retryAfterS = seconds(error.parameters.retry_after);
    const migrateToChatId = integer(error.parameters.migrate_to_chat_id);
    const errorCode = integer(error.error_code) ?? 0;
    return {
      kind: 'refused',
      errorCode,
      description:
        descriptionIn(error.description) ?? `Telegram answered ${errorCode || 'no'} without a description`,
      ...(retryAfterS !== undefined && { retryAfterS }),
      ...(migrateToChatId !== undefined && { migrateToChatId }),
    };
  }
  if (error instanceof NotTelegramError) {
    const { status, retryAfterS } = error;
    return { kind: 'not_telegram', status, ...(retryAfterS !== undefined && { retryAfterS }) };
  }
  if (error instanceof NoAnswerError) {
    return { kind: error.left ? 'no_answer' : 'not_sent', detail: error.message };
  }
  return { kind: 'no_answer', detail: error instanceof Error ? error.name : 'Unknown error' };
}
