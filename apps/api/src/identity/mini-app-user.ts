import type { Config } from '@replybell/config';
import { type Db, type OpenedLink, recordVisit } from '@replybell/database';
import { createInitDataCheck, type InitData, locales } from '@replybell/telegram';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { Compile } from 'typebox/compile';
import { ProblemError } from '../problem.ts';
import { wrongText } from '../schemas/fields.ts';
import { locale } from '../schemas/users.ts';

const HOUR_MS = 3_600_000;
/** As long as an admin may make a user's name. */
const NAME_LENGTH = 64;
const localeSchema = Compile(locale);
/** What our own links carry; another start parameter may be a link token. */
const namesTicket = /^support_ticket_\d+$/;

/**
 * Lets requests pass that carry `Authorization: tma <initData>`, signed by Telegram for this server's bot, and sets their
 * `userId`, `telegramId` and `openedLink`; the others get 401, and 503 as long as there is no bot.
 */
export function requireMiniAppUser(
  db: Db,
  { BOT_TOKEN, INIT_DATA_TTL_HOURS }: Pick<Config, 'BOT_TOKEN' | 'INIT_DATA_TTL_HOURS'>,
): onRequestAsyncHookHandler {
  const check =
    BOT_TOKEN === undefined
      ? undefined
      : createInitDataCheck(BOT_TOKEN, { ttlMs: INIT_DATA_TTL_HOURS * HOUR_MS });

  return async (request, reply) => {
    if (!check) throw new ProblemError('bot_not_configured');
    const verdict = check(credentials(request), Date.now());
    if (verdict.kind !== 'valid') {
      reply.header('www-authenticate', 'tma');
      throw new ProblemError(`init_data_${verdict.kind}`);
    }
    const visit = toVisit(verdict.initData);
    request.telegramId = visit.telegramId;
    const { userId, link } = await recordVisit(db, visit);
    request.userId = userId;
    request.openedLink = link;
  };
}

/** What follows the scheme `tma`; empty, and so never valid, if there is no such thing. */
function credentials(request: FastifyRequest): string {
  const [, initData = ''] = /^tma (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return initData;
}

function toVisit({ user, authDate, startParam }: InitData) {
  return {
    telegramId: user.telegramId,
    username: nameOf(user),
    locale: localeSchema.Check(user.languageCode) ? user.languageCode : locales[0],
    openedAt: authDate,
    linkToken: startParam === null || namesTicket.test(startParam) ? null : startParam,
  };
}

/** Telegram says what it is, but PostgreSQL stores no NUL, and the texts of others are shorter. */
function nameOf({ telegramId, username, firstName }: InitData['user']): string {
  const name = (username ?? firstName).replaceAll('\0', '').toWellFormed().trim();
  const short = Array.from(name).slice(0, NAME_LENGTH).join('');
  return short === '' || wrongText(short) !== undefined ? String(telegramId) : short;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who uses the Mini App; 0 outside of `/api/me`. */
    userId: number;
    /** Their Telegram id; 0 likewise. */
    telegramId: number;
    /** What became of the link that opened the Mini App; null likewise. */
    openedLink: OpenedLink;
  }
}
