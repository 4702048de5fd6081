import type { Answer } from './answer.ts';

/** Why an attempt did not succeed. Stable: they are stored, and other programs compare them. */
export type AttemptReason =
  | 'bot_blocked'
  | 'user_deactivated'
  | 'chat_not_started'
  | 'chat_not_found'
  | 'forbidden'
  | 'bot_token_refused'
  | 'button_refused'
  | 'markup_refused'
  | 'message_too_long'
  | 'message_refused'
  | 'render_failed'
  | 'too_many_requests'
  | 'chat_migrated'
  | 'telegram_error'
  | 'unexpected_answer'
  | 'not_telegram'
  | 'no_connection'
  | 'no_answer';

/** What an attempt came to, as a value. `reason` is a stable code, `detail` Telegram's own words or the network's. */
export type AttemptOutcome =
  | { outcome: 'sent'; telegramMessageId: number | null }
  | { outcome: 'retry'; reason: AttemptReason; detail: string; migrateToChatId?: number }
  | { outcome: 'throttled'; reason: AttemptReason; detail: string; retryAfterMs: number }
  | Failure<'unreachable'>
  | Failure<'rejected'>
  | Failure<'unauthorized'>
  | Failure<'unknown'>;

type Failure<Kind> = { outcome: Kind; reason: AttemptReason; detail: string };

type Refusal = Extract<Answer, { kind: 'refused' }>;
type Rule = {
  errorCode: number;
  /** Searched in the description, upper and lower case alike; absent: any. */
  says?: RegExp;
  outcome: 'unreachable' | 'rejected' | 'unauthorized';
  reason: AttemptReason;
};

/**
 * Telegram's refusals, the first that fits (core.telegram.org/bots/api; tdlib/telegram-bot-api Client.cpp).
 * 429, 5xx and a chat's migration carry more than a code and stand in `classifyRefusal`.
 */
const rules: Rule[] = [
  // The user can't be reached for now: parked until they come back.
  { errorCode: 403, says: /blocked by the user/i, outcome: 'unreachable', reason: 'bot_blocked' },
  { errorCode: 403, says: /user is deactivated/i, outcome: 'unreachable', reason: 'user_deactivated' },
  {
    errorCode: 403,
    says: /can't initiate conversation/i,
    outcome: 'unreachable',
    reason: 'chat_not_started',
  },
  { errorCode: 403, outcome: 'unreachable', reason: 'forbidden' },
  {
    errorCode: 400,
    says: /chat not found|PEER_ID_INVALID/i,
    outcome: 'unreachable',
    reason: 'chat_not_found',
  },
  { errorCode: 400, says: /user is deactivated/i, outcome: 'unreachable', reason: 'user_deactivated' },
  // The token is wrong or revoked: every notification would fail the same way.
  { errorCode: 401, outcome: 'unauthorized', reason: 'bot_token_refused' },
  { errorCode: 404, outcome: 'unauthorized', reason: 'bot_token_refused' },
  // Our message is wrong: sending it again can't help.
  {
    errorCode: 400,
    says: /BUTTON_|button URL|Wrong HTTP URL/i,
    outcome: 'rejected',
    reason: 'button_refused',
  },
  { errorCode: 400, says: /can't parse entities/i, outcome: 'rejected', reason: 'markup_refused' },
  { errorCode: 400, says: /message is too long/i, outcome: 'rejected', reason: 'message_too_long' },
  { errorCode: 400, outcome: 'rejected', reason: 'message_refused' },
];

/** Tells what an answer means. Pure and total: an answer that nobody has seen yet is retried. */
export function classifyAnswer(answer: Answer): AttemptOutcome {
  switch (answer.kind) {
    case 'accepted':
      return { outcome: 'sent', telegramMessageId: answer.messageId };
    case 'refused':
      return classifyRefusal(answer);
    case 'not_telegram': {
      const detail = `HTTP ${answer.status} that is not from Telegram`;
      // Whoever stands before Telegram, a proxy say, wants to be asked less.
      if (answer.status === 429) return throttled(detail, answer.retryAfterS);
      return { outcome: 'retry', reason: 'not_telegram', detail };
    }
    case 'not_sent':
      return { outcome: 'retry', reason: 'no_connection', detail: answer.detail };
    case 'no_answer':
      return { outcome: 'unknown', reason: 'no_answer', detail: answer.detail };
  }
}

/** After a day one send asks anew, whatever Telegram has said. */
const LONGEST_RETRY_AFTER_S = 86_400;

function throttled(detail: string, retryAfterS = 1): AttemptOutcome {
  const retryAfterMs = Math.min(Math.max(1, retryAfterS), LONGEST_RETRY_AFTER_S) * 1_000;
  return { outcome: 'throttled', reason: 'too_many_requests', detail, retryAfterMs };
}

function classifyRefusal({ errorCode, description, retryAfterS, migrateToChatId }: Refusal): AttemptOutcome {
  if (errorCode === 429) return throttled(description, retryAfterS);
  if (migrateToChatId !== undefined) {
    return { outcome: 'retry', reason: 'chat_migrated', detail: description, migrateToChatId };
  }
  const rule = rules.find((each) => each.errorCode === errorCode && (each.says?.test(description) ?? true));
  if (rule) return { outcome: rule.outcome, reason: rule.reason, detail: description };
  return {
    outcome: 'retry',
    reason: errorCode >= 500 ? 'telegram_error' : 'unexpected_answer',
    detail: description,
  };
}
