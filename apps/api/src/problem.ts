import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

type ProblemKind = {
  status: number;
  detail: string;
  /** In place of it under `/api/me`, where a user reads it. */
  detailForUsers?: string;
  /** Of a 503: after how many seconds another try may go better. */
  retryAfterS?: number;
};

const RETRY_AFTER_S = 2;
/** Somebody has to mend it first. */
const OPERATOR_RETRY_AFTER_S = 60;

/** Every refusal that the API can give. Codes are stable: other programs compare them. */
const problems = {
  malformed_request: {
    status: 400,
    detail: 'The request is malformed: its address must be percent-encoded, its body JSON, both in UTF-8.',
  },
  validation_failed: { status: 400, detail: 'Some fields are missing or wrong; see `errors`.' },
  unauthorized: {
    status: 401,
    detail:
      'Sign in at /admin/sign-in or by POST /api/session, or send a valid API key: `Authorization: Bearer <key>`.',
  },
  init_data_invalid: {
    status: 401,
    detail:
      'A Mini App identifies its user by `Authorization: tma <initData>`, with `Telegram.WebApp.initData` as Telegram ' +
      "gave it to a Mini App of this server's bot. Open the Mini App from the bot again.",
  },
  init_data_expired: {
    status: 401,
    detail:
      'The Mini App was opened too long ago. Close it and open it again: Telegram then signs new `initData`.',
  },
  webhook_secret_wrong: {
    status: 401,
    detail:
      '`X-Telegram-Bot-Api-Secret-Token` is missing or is not TELEGRAM_WEBHOOK_SECRET. `npm run webhook -- set` tells Telegram.',
  },
  cross_site_request: { status: 403, detail: 'Changes are accepted from pages of this server only.' },
  owner_only: {
    status: 403,
    detail: 'Only an owner may do this: ask one, or use a key with the role `owner`.',
  },
  session_only: {
    status: 403,
    detail:
      'Only an admin who has signed in may do this: a key has no password and no sessions. Sign in by POST /api/session.',
  },
  wrong_password: {
    status: 403,
    detail:
      'The current password is wrong. Whoever has forgotten it asks an owner, who can set a new one; on the server ' +
      '`npm run admin:create -- --reset` does.',
  },
  session_not_found: {
    status: 404,
    detail: 'There is no such session of yours, or it has ended: GET /api/account/sessions lists them.',
  },
  wrong_credentials: {
    status: 401,
    detail:
      'The email or the password is wrong, or the account is disabled. An owner can set a new password; on the server ' +
      '`npm run admin:create -- --reset` does.',
  },
  too_many_sign_ins: {
    status: 429,
    detail: 'Too many attempts to sign in. Wait as long as the header `Retry-After` says, in seconds.',
  },
  admin_not_found: { status: 404, detail: 'There is no such admin.' },
  api_key_not_found: { status: 404, detail: 'There is no such API key.' },
  email_taken: {
    status: 409,
    detail: 'There is an admin with this email already: PATCH /api/admin/admins/:id changes them.',
  },
  not_found: { status: 404, detail: 'There is nothing at this address.' },
  webhook_off: {
    status: 404,
    detail:
      "The bot's updates don't come by webhook here. Set TELEGRAM_UPDATES=webhook, or run `npm run webhook -- delete`.",
  },
  method_not_allowed: {
    status: 405,
    detail: 'This address does not take this method; the header `Allow` names those it takes.',
  },
  request_too_slow: { status: 408, detail: 'The request did not arrive in time. Send it again.' },
  user_not_found: { status: 404, detail: 'There is no such user.' },
  ticket_not_found: { status: 404, detail: 'There is no such ticket.' },
  notification_not_found: { status: 404, detail: 'There is no such notification.' },
  ticket_closed: {
    status: 409,
    detail: 'The ticket is closed. Reopen it first: PUT /api/admin/tickets/:id/status {"status":"open"}.',
    detailForUsers: 'The ticket is closed. Open a new one: POST /api/me/tickets.',
  },
  user_erased: {
    status: 409,
    detail:
      'The user was erased: they can’t be linked, and their tickets stay closed. If they come back, they are a new user.',
  },
  not_retryable: {
    status: 409,
    detail:
      'Only a notification that failed, or whose outcome is unknown, can be retried. See its `status` and `action`: what ' +
      'waits or is parked is sent by itself; for what was sent or withdrawn write another reply.',
  },
  not_resolvable: {
    status: 409,
    detail:
      'Only a notification whose outcome is unknown can be resolved. See its `status` by GET ' +
      '/api/admin/notifications/:id; one that failed is sent again by POST …/retry.',
  },
  not_withdrawable: {
    status: 409,
    detail:
      'Only a notification that waits, is parked, has failed or whose outcome is unknown can be withdrawn.',
  },
  key_reused: {
    status: 422,
    detail: 'This `Idempotency-Key` was used for another request within the last 24 hours. Take a new one.',
  },
  body_too_large: { status: 413, detail: 'The body is larger than 64 KiB, at the webhook than 1 MiB.' },
  address_too_long: { status: 414, detail: 'A part of the address is longer than 100 characters.' },
  headers_too_large: { status: 431, detail: 'The address and the headers are larger than 16 KiB.' },
  too_many_requests: {
    status: 429,
    detail: 'Too many requests within a minute. Try again after the seconds that `Retry-After` names.',
  },
  unsupported_media_type: {
    status: 415,
    detail:
      'The body must be sent as `content-type: application/json`, in UTF-8, and not compressed: without `content-encoding`.',
  },
  writing_too_fast: {
    status: 429,
    detail: 'You are writing too fast. Try again after as many seconds as `Retry-After` says.',
  },
  internal_error: {
    status: 500,
    detail: 'Something unexpected happened; the log has it under this request id.',
  },
  database_unavailable: {
    status: 503,
    detail:
      'The database is not available just now. Try again shortly; if it was a change, look first whether it was made.',
  },
  busy: {
    status: 503,
    detail:
      'Somebody else holds what this would change, perhaps in an open transaction. Nothing of this request was stored: try ' +
      'again shortly.',
  },
  overloaded: {
    status: 503,
    detail:
      'There is more to do than can be done in time. Nothing of this request was carried out: try again shortly.',
  },
  bot_not_configured: {
    status: 503,
    detail:
      'This server has no bot yet: its operator must set BOT_TOKEN and WEBAPP_URL, and start the API again.',
    retryAfterS: OPERATOR_RETRY_AFTER_S,
  },
  bot_token_refused: {
    status: 503,
    detail: 'Telegram refuses BOT_TOKEN: set the right one in .env and restart the API.',
    retryAfterS: OPERATOR_RETRY_AFTER_S,
  },
  telegram_unavailable: {
    status: 503,
    detail: 'Telegram did not answer, and what it should tell is needed for this. Try again shortly.',
  },
  timed_out: {
    status: 503,
    detail: 'There was no answer in time. The request may still be carried out: look before you repeat it.',
  },
  no_stream_free: {
    status: 503,
    detail:
      'This process serves no more event streams just now, or none more to you. Close streams that nobody reads, and connect ' +
      'again shortly.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as ProblemCode[];

/** The status that a problem is answered with. */
export const statusOf = (code: ProblemCode): number => problems[code].status;

/** What is wrong with one field. `path` is its name, with dots for nested ones; empty for the whole body. */
export type FieldError = { path: string; message: string };

/** Thrown by handlers to refuse a request. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly errors: FieldError[] | undefined;

  constructor(code: ProblemCode, errors?: FieldError[]) {
    super(problems[code].detail);
    this.code = code;
    this.errors = errors;
  }
}

/** Answers with RFC 9457 problem details. A 503 says when to try again. */
export function sendProblem(reply: FastifyReply, code: ProblemCode, errors?: FieldError[]): FastifyReply {
  const { status, retryAfterS = RETRY_AFTER_S }: ProblemKind = problems[code];
  reply.request.problemCode = code;
  if (status === 503) reply.header('retry-after', retryAfterS);
  return reply
    .code(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(code, reply.request.id, { errors, forUser: reply.request.userId > 0 }));
}

/** The body of a problem's answer. */
export function problemOf(
  code: ProblemCode,
  requestId: string,
  { errors, forUser = false }: { errors?: FieldError[] | undefined; forUser?: boolean } = {},
) {
  const { status, detail, detailForUsers }: ProblemKind = problems[code];
  const title = STATUS_CODES[status];
  return {
    type: 'about:blank',
    title,
    status,
    code,
    detail: (forUser && detailForUsers) || detail,
    requestId,
    ...(errors !== undefined && { errors }),
  };
}

const codeByStatus: Partial<Record<number, ProblemCode>> = {
  404: 'not_found',
  408: 'request_too_slow',
  413: 'body_too_large',
  414: 'address_too_long',
  415: 'unsupported_media_type',
};

/** The problem that fits an error status of Fastify's own, such as a body that is too large. */
export function problemOfStatus(status = 500): ProblemCode {
  return codeByStatus[status] ?? (status >= 400 && status < 500 ? 'malformed_request' : 'internal_error');
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem that was answered, for the log; empty if there was none. */
    problemCode: ProblemCode | '';
  }
}
