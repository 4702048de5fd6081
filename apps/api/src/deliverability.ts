import type { User } from '@replybell/database';

/** Whether a user gets notifications now, and if not, why (a stable code) and what to do about it. */
export type Deliverability = {
  status: 'reachable' | 'unlinked' | 'muted' | 'unreachable';
  reason: string | null;
  advice: string | null;
};

export function deliverabilityOf(user: User): Deliverability {
  if (user.erasedAt !== null) return { status: 'unlinked', reason: 'user_erased', advice: null };
  if (user.telegramId === null) {
    const advice =
      `Give the user the link of POST /api/admin/users/${user.id}/telegram-link, ` +
      `or PATCH /api/admin/users/${user.id} with their telegramId`;
    return { status: 'unlinked', reason: 'no_telegram_id', advice };
  }
  if (user.mutedAt !== null) {
    const advice = 'The user wants no messages. They unmute by /start in the bot, or in the Mini App';
    return { status: 'muted', reason: 'muted', advice };
  }
  const reason = user.unreachableReason ?? user.parkedReason;
  if (reason === null) return { status: 'reachable', reason: null, advice: null };
  return { status: 'unreachable', reason, advice: adviceAbout(reason, user.id) };
}

function adviceAbout(reason: string, userId: number): string {
  const link = `the link of POST /api/admin/users/${userId}/telegram-link`;
  const byHand = `PATCH /api/admin/users/${userId} with the same telegramId tries it at once`;
  switch (reason) {
    case 'bot_blocked':
      return `The user has blocked the bot. When they unblock it, what waits is sent. ${byHand}`;
    case 'chat_not_started':
      return `The user has never started the bot: give them ${link}. ${byHand}`;
    case 'chat_not_found':
      return `The telegramId is wrong, or the user has never started the bot: give them ${link}. ${byHand}`;
    case 'user_deactivated':
      return `The Telegram account is gone: give the user ${link} for a new one`;
    default:
      return `When the user can be reached again, ${byHand}`;
  }
}
