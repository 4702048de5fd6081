import type { User } from '@replybell/database';
import type { Locale } from '@replybell/telegram';
import { explainReason } from './reasons/index.ts';

/** Whether a user gets notifications now, and if not, why (a stable code) and what to do about it. */
export type Deliverability = {
  status: 'reachable' | 'unlinked' | 'muted' | 'unreachable';
  reason: string | null;
  advice: string | null;
};

export function deliverabilityOf(user: User, locale: Locale): Deliverability {
  const told = (status: Deliverability['status'], reason: string): Deliverability => ({
    status,
    reason,
    advice: explainReason(reason, locale).advice,
  });
  if (user.erasedAt !== null) return told('unlinked', 'user_erased');
  if (user.telegramId === null) return told('unlinked', 'no_telegram_id');
  if (user.mutedAt !== null) return told('muted', 'muted');
  const reason = user.unreachableReason ?? user.parkedReason;
  return reason === null ? { status: 'reachable', reason: null, advice: null } : told('unreachable', reason);
}
