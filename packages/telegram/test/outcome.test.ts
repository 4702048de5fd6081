import { GrammyError } from 'grammy';
import { describe, expect, it } from 'vitest';
import { classifyAnswer, toAnswer } from '../src/index.ts';

describe('classifyAnswer', () => {
  it.each([
    [403, 'Forbidden: bot was blocked by the user', 'unreachable', 'bot_blocked'],
    [403, 'Forbidden: user is deactivated', 'unreachable', 'user_deactivated'],
    [403, "Forbidden: bot can't initiate conversation with a user", 'unreachable', 'chat_not_started'],
    [403, 'Forbidden: bot was kicked from the group chat', 'unreachable', 'forbidden'],
    [400, 'Bad Request: chat not found', 'unreachable', 'chat_not_found'],
    [400, 'Bad Request: PEER_ID_INVALID', 'unreachable', 'chat_not_found'],
    [400, 'Bad Request: user is deactivated', 'unreachable', 'user_deactivated'],
    [400, "Bad Request: can't parse entities: Unsupported start tag", 'rejected', 'markup_refused'],
    [400, 'Bad Request: message is too long', 'rejected', 'message_too_long'],
    [400, 'Bad Request: BUTTON_TYPE_INVALID', 'rejected', 'button_refused'],
    [
      400,
      "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL",
      'rejected',
      'button_refused',
    ],
    [400, 'Bad Request: Wrong HTTP URL', 'rejected', 'button_refused'],
    [400, 'Bad Request: something new', 'rejected', 'message_refused'],
    [401, 'Unauthorized', 'unauthorized', 'bot_token_refused'],
    [404, 'Not Found', 'unauthorized', 'bot_token_refused'],
    [500, 'Internal Server Error', 'retry', 'telegram_error'],
    [502, 'Bad Gateway', 'retry', 'telegram_error'],
    [418, 'I am a teapot', 'retry', 'unexpected_answer'],
  ])('%i "%s" is %s', (errorCode, description, outcome, reason) => {
    expect(classifyAnswer({ kind: 'refused', errorCode, description })).toEqual({
      outcome,
      reason,
      detail: description,
    });
  });

  it('waits as long as a 429 asks for, and a second if it asks for less or does not say', () => {
    const refusal = { kind: 'refused', errorCode: 429, description: 'Too Many Requests' } as const;
    expect(classifyAnswer({ ...refusal, retryAfterS: 7 })).toMatchObject({
      outcome: 'throttled',
      retryAfterMs: 7_000,
    });
    expect(classifyAnswer(refusal)).toMatchObject({ outcome: 'throttled', retryAfterMs: 1_000 });
    expect(classifyAnswer({ ...refusal, retryAfterS: 0 })).toMatchObject({ retryAfterMs: 1_000 });
    const endless = classifyAnswer({ ...refusal, retryAfterS: 9e15 });
    expect(endless).toMatchObject({ outcome: 'throttled', retryAfterMs: 86_400_000 });
  });

  it('tells the new id of a chat that migrated', () => {
    const refusal = {
      kind: 'refused',
      errorCode: 400,
      description: 'Bad Request: group chat was upgraded',
    } as const;
    expect(classifyAnswer({ ...refusal, migrateToChatId: -1001 })).toMatchObject({
      outcome: 'retry',
      migrateToChatId: -1001,
    });
  });

  it('retries what certainly did not arrive, and calls unknown what may have', () => {
    expect(classifyAnswer({ kind: 'not_sent', detail: 'ECONNREFUSED' })).toMatchObject({ outcome: 'retry' });
    expect(classifyAnswer({ kind: 'not_telegram', status: 502 })).toMatchObject({ outcome: 'retry' });
    expect(classifyAnswer({ kind: 'no_answer', detail: 'UND_ERR_SOCKET' })).toMatchObject({
      outcome: 'unknown',
    });
  });
});

describe('toAnswer', () => {
  const refusal = (answer: object) =>
    toAnswer(
      new GrammyError(
        'failed',
        { ok: false, error_code: 429, description: 'Too Many', ...answer },
        'sendMessage',
        {},
      ),
    );

  it('trusts nothing that a server in Telegram’s place may say', () => {
    const answer = refusal({ description: 'Too\u0000 Many \ud800', parameters: { retry_after: 'x' } });
    expect(answer).toEqual({ kind: 'refused', errorCode: 429, description: 'Too Many \ufffd' });
    expect(classifyAnswer(answer)).toMatchObject({ outcome: 'throttled', retryAfterMs: 1_000 });
  });

  it('keeps no more than a thousand characters of what it is told', () => {
    expect(refusal({ description: 'x'.repeat(2_000) })).toMatchObject({ description: 'x'.repeat(1_000) });
  });

  it('keeps nothing of the message’s text', () => {
    const error = new GrammyError(
      "Call to 'sendMessage' failed!",
      { ok: false, error_code: 400, description: 'Bad Request: message is too long' },
      'sendMessage',
      { text: 'canary text' },
    );
    expect(JSON.stringify(toAnswer(error))).not.toContain('canary');
  });

  it('can not tell what became of a message after an error that nobody foresaw', () => {
    expect(toAnswer(new TypeError('canary'))).toEqual({ kind: 'no_answer', detail: 'TypeError' });
  });
});
