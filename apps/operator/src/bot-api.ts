import type { Config } from '@replybell/config';

/** `getMe` and `getWebhookInfo`, as far as they are needed here (core.telegram.org/bots/api). */
export type BotIdentity = { username: string; has_main_web_app?: boolean };
export type WebhookInfo = { url: string; pending_update_count?: number; last_error_message?: string };

export type BotApiAnswer<Result> =
  | { ok: true; result: Result }
  | { ok: false; errorCode: number; description: string };

const TIMEOUT_MS = 10_000;

/** Where Telegram is told to bring updates; undefined without a `PUBLIC_URL`. */
export const webhookAddress = ({ PUBLIC_URL }: Config): string | undefined =>
  PUBLIC_URL && `${PUBLIC_URL.replace(/\/+$/, '')}/telegram/webhook`;

/** Calls a method of the Bot API. Throws if there is no answer; errors don't carry the token. */
export async function callBotApi<Result>(
  { apiRoot, token }: { apiRoot: string; token: string },
  method: string,
  parameters: object = {},
): Promise<BotApiAnswer<Result>> {
  const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(parameters),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json().catch(() => ({}))) as {
    ok?: boolean;
    result?: Result;
    description?: string;
  };
  if (answer.ok === true && answer.result !== undefined) return { ok: true, result: answer.result };
  return {
    ok: false,
    errorCode: response.status,
    description: answer.description ?? 'no answer of the Bot API',
  };
}
