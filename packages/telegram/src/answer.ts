/** What came back from one call of `sendMessage`. */
export type Answer =
  | { kind: 'accepted'; messageId: number | null }
  /** Telegram said no, in its own words. */
  | {
      kind: 'refused';
      errorCode: number;
      description: string;
      retryAfterS?: number;
      migrateToChatId?: number;
    }
  /** Something between us and Telegram answered, a proxy's error page say. */
  | { kind: 'not_telegram'; status: number; retryAfterS?: number }
  /** The request certainly did not leave: no connection could be made. */
  | { kind: 'not_sent'; detail: string }
  /** The request may have left, and no whole answer came back. */
  | { kind: 'no_answer'; detail: string };
