import type { AttemptOutcome } from '@replybell/telegram';
import { describe, expect, it } from 'vitest';
import { createFailureWatch } from '../src/failure-streak.ts';

const failed: AttemptOutcome = { outcome: 'retry', reason: 'telegram_error', detail: '' };
const unconnected: AttemptOutcome = { outcome: 'retry', reason: 'no_connection', detail: '' };
const strange: AttemptOutcome = { outcome: 'retry', reason: 'not_telegram', detail: '' };
const unwritten: AttemptOutcome = { outcome: 'rejected', reason: 'render_failed', detail: '' };
const answered: AttemptOutcome = { outcome: 'sent', telegramMessageId: 1 };

describe('a streak of failures', () => {
  it('is complete with the third chat in a row, and with the third connection that could not be made', () => {
    const { completesStreak } = createFailureWatch();
    expect([1, 2, 2, 3].map((chat) => completesStreak(failed, chat))).toEqual([false, false, false, true]);
    expect([4, 4, 4].map((chat) => completesStreak(unconnected, chat))).toEqual([false, false, true]);
    expect([5, 6, 7].map((chat) => completesStreak(strange, chat))).toEqual([false, false, true]);
  });

  it('ends with an answer', () => {
    const { completesStreak } = createFailureWatch();
    for (const chat of [1, 2]) completesStreak(failed, chat);
    completesStreak(answered, 9);
    expect(completesStreak(failed, 3)).toBe(false);
  });

  it('goes on over a message that could not be made: nobody was asked', () => {
    const { completesStreak } = createFailureWatch();
    for (const chat of [1, 2]) completesStreak(failed, chat);
    completesStreak(unwritten, 9);
    expect(completesStreak(failed, 3)).toBe(true);
  });
});

describe('chats that fail again and again while others are answered', () => {
  const failAll = ({ completesStreak }: ReturnType<typeof createFailureWatch>) =>
    [1, 2, 3].map((chat) => completesStreak(failed, chat)).includes(true);

  it('are no outage from the third time on, until they are answered themselves', () => {
    const watch = createFailureWatch();
    const streaks = [1, 2, 3, 4].map(() => {
      const isStreak = failAll(watch);
      watch.completesStreak(answered, 9);
      return isStreak;
    });
    expect(streaks).toEqual([true, true, false, false]);
    expect([1, 2, 3, 9].map(watch.isChatsOwnFault)).toEqual([true, true, true, false]);
    for (const chat of [1, 2, 3]) watch.completesStreak(answered, chat);
    expect(watch.isChatsOwnFault(1)).toBe(false);
    expect(failAll(watch)).toBe(true);
  });

  it('are forgotten when a thousand others have failed since', () => {
    const watch = createFailureWatch();
    for (let round = 0; round < 2; round += 1) {
      for (let chat = 1; chat <= 1_001; chat += 1) watch.completesStreak(failed, chat);
      watch.completesStreak(answered, 9_999);
    }
    expect([1, 1_001].map(watch.isChatsOwnFault)).toEqual([false, true]);
  });

  it('do not hide an outage that others meet too', () => {
    const watch = createFailureWatch();
    for (let round = 0; round < 2; round += 1) {
      failAll(watch);
      watch.completesStreak(answered, 9);
    }
    expect([1, 2, 3, 4, 5, 6].map((chat) => watch.completesStreak(failed, chat))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});
