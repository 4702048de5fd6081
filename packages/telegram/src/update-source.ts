import { Api } from 'grammy';
import type { Update } from 'grammy/types';
import type { Answer } from './answer.ts';
import { toAnswer } from './sender.ts';
import { createTransport, NotTelegramError } from './transport.ts';

/** The kinds of updates that the bot works with; Telegram keeps the others to itself. */
export const wantedUpdates = ['message', 'my_chat_member'] as const;

type Polled =
  | { kind: 'updates'; updates: Update[] }
  /** Telegram said no, or no answer came. */
  | { kind: 'failed'; answer: Answer };

export type UpdateSource = {
  /**
   * Gets updates from `offset` on, and thereby confirms those before it. Never throws.
   *
   * @param options.wait whether to wait some time for the first one; otherwise it answers at once.
   * @param options.signal gives the waiting up.
   */
  next(offset: number, options: { wait: boolean; signal: AbortSignal }): Promise<Polled>;
  close(): Promise<void>;
};

/** Telegram allows at most 50 s; proxies on the way often less than a minute. */
const WAIT_S = 25;
const ANSWER_TIMEOUT_MS = 10_000;

/** grammY's type of a signal is older than Node's own; our transport takes the latter. */
type OldSignal = Parameters<Api['getUpdates']>[1];

/** Without its number an update can't be confirmed: it would come again and again. */
const areUpdates = (value: unknown): value is Update[] =>
  Array.isArray(value) && value.every((update) => Number.isSafeInteger(update?.update_id));

/** Gets the bot's updates by long polling (core.telegram.org/bots/api#getupdates). */
export function createUpdateSource({ token, apiRoot }: { token: string; apiRoot: string }): UpdateSource {
  const timeoutMs = WAIT_S * 1_000 + ANSWER_TIMEOUT_MS;
  const transport = createTransport({ token, apiRoot, timeoutMs, connections: 1 });
  const api = new Api(token, { apiRoot });
  api.config.use(transport.transformer);

  return {
    async next(offset, { wait, signal }) {
      try {
        const options = { offset, timeout: wait ? WAIT_S : 0, allowed_updates: wantedUpdates };
        const updates: unknown = await api.getUpdates(options, signal as OldSignal);
        if (!areUpdates(updates)) throw new NotTelegramError(200);
        return { kind: 'updates', updates };
      } catch (error) {
        return { kind: 'failed', answer: toAnswer(error) };
      }
    },
    close: () => transport.close(),
  };
}
