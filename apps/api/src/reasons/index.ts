import type { AttemptReason, Locale } from '@replybell/telegram';
import type { NotificationAction } from '../notification-action.ts';
import { english } from './en.ts';
import { russian } from './ru.ts';

/** A reason in one language. */
export type ReasonText = { text: string; advice: string | null };

/**
 * Every reason that a notification, an attempt, a pause or a single message can have. Stable: other programs compare them.
 * A reason that is not here has no text, and a test looks for such.
 */
const actions = {
  no_telegram_id: 'relink',
  // Only the user can unblock the bot.
  bot_blocked: 'wait',
  user_deactivated: 'relink',
  chat_not_started: 'relink',
  chat_not_found: 'relink',
  forbidden: 'relink',
  bot_token_refused: 'wait',
  button_refused: 'retry',
  markup_refused: 'retry',
  message_too_long: 'retry',
  message_refused: 'retry',
  render_failed: 'retry',
  too_many_requests: 'wait',
  chat_migrated: 'wait',
  telegram_error: 'wait',
  unexpected_answer: 'wait',
  not_telegram: 'wait',
  no_connection: 'wait',
  no_answer: 'decide',
  lease_expired: 'decide',
  attempts_used_up: 'retry',
  waited_too_long: null,
  resolved_by_operator: null,
  withdrawn_by_admin: null,
  seen_in_app: null,
  muted: null,
  user_erased: null,
  paused_by_operator: 'wait',
  no_slot: 'wait',
} as const satisfies Record<AttemptReason, NotificationAction | null> &
  Record<string, NotificationAction | null>;

export type ReasonCode = keyof typeof actions;

const texts: Record<Locale, Record<ReasonCode, ReasonText>> = { ru: russian, en: english };

const codes = Object.keys(actions) as ReasonCode[];

/** All reasons, in one language. */
export function listReasons(
  locale: Locale,
): (ReasonText & { code: ReasonCode; action: NotificationAction | null })[] {
  return codes.map((code) => ({ code, action: actions[code], ...texts[locale][code] }));
}

/** What an admin can do about a notification that came to rest with a reason; null: nothing, or nothing is needed. */
export function actionForReason(reason: string | null): NotificationAction | null {
  const code = findCode(reason);
  return code ? actions[code] : null;
}

const findCode = (reason: string | null) => codes.find((known) => known === reason);

/** A reason in words; both are null if there is no reason, or none that is known. */
export function explainReason(
  reason: string | null,
  locale: Locale,
): { text: string | null; advice: string | null } {
  const code = findCode(reason);
  return code ? texts[locale][code] : { text: null, advice: null };
}

/** Adds the reason in words to a notification that goes to a client. */
export function withReasonText<Answer extends { reason: string | null }>(
  answer: Answer,
  locale: Locale,
): Answer & { reasonText: string | null } {
  return { ...answer, reasonText: explainReason(answer.reason, locale).text };
}
