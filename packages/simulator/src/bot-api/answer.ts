/** What a Bot API method answers: its result, or an error with Telegram's words. */
export type Answer =
  | { ok: true; result: unknown; description?: string }
  | {
      ok: false;
      error_code: number;
      description: string;
      parameters?: { retry_after?: number; migrate_to_chat_id?: number };
    };

export function succeeded(result: unknown, description?: string): Answer {
  return description === undefined ? { ok: true, result } : { ok: true, result, description };
}

export function failed(errorCode: number, description: string): Answer {
  return { ok: false, error_code: errorCode, description };
}

/** 400, with the prefix that Telegram puts before such words. */
export function badRequest(words: string): Answer {
  return failed(400, `Bad Request: ${words}`);
}

export function tooManyRequests(retryAfterSeconds: number): Answer {
  return {
    ok: false,
    error_code: 429,
    description: `Too Many Requests: retry after ${retryAfterSeconds}`,
    parameters: { retry_after: retryAfterSeconds },
  };
}
