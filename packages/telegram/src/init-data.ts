import { createHmac, timingSafeEqual } from 'node:crypto';

/** What Telegram vouches for when a user opens the Mini App. */
export type InitData = {
  user: {
    telegramId: number;
    firstName: string;
    /** Without `@`. */
    username: string | null;
    /** An IETF language tag of the user's app. */
    languageCode: string | null;
  };
  /** When Telegram signed it: the Mini App was opened at this second. */
  authDate: Date;
  /** The `startapp` of a `t.me` link; buttons pass theirs in the page's address instead. */
  startParam: string | null;
};

export type InitDataVerdict =
  | { kind: 'valid'; initData: InitData }
  | { kind: 'invalid' }
  | { kind: 'expired' };

/** How far Telegram's clock may be ahead of ours, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** Telegram's ids have at most 52 significant bits (core.telegram.org/bots/api#user). */
export const HIGHEST_TELEGRAM_ID = 2 ** 52 - 1;

/**
 * Makes the check of a Mini App's `initData`: Telegram signed it for this bot, at most `ttlMs` milliseconds ago
 * (core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app).
 *
 * `signature`, which is there for those who don't have the bot's token, is a field like the others.
 */
export function createInitDataCheck(
  botToken: string,
  { ttlMs }: { ttlMs: number },
): (raw: string, nowMs: number) => InitDataVerdict {
  const key = createHmac('sha256', 'WebAppData').update(botToken).digest();

  return (raw, nowMs) => {
    const fields = parseFields(raw);
    const hash = fields?.get('hash');
    if (!fields || hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) return { kind: 'invalid' };

    const expected = createHmac('sha256', key).update(checkString(fields)).digest();
    if (!timingSafeEqual(expected, Buffer.from(hash, 'hex'))) return { kind: 'invalid' };

    const initData = readInitData(fields);
    if (!initData) return { kind: 'invalid' };
    const ageMs = nowMs - initData.authDate.getTime();
    if (ageMs < -CLOCK_SKEW_MS) return { kind: 'invalid' };
    return ageMs > ttlMs ? { kind: 'expired' } : { kind: 'valid', initData };
  };
}

/** The lines that are signed: all fields but `hash`, sorted by name. */
function checkString(fields: ReadonlyMap<string, string>): string {
  return [...fields]
    .filter(([name]) => name !== 'hash')
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('\n');
}

/**
 * Reads the fields of a query string; undefined if they are not those that Telegram writes. A name with other characters, a
 * line feed in a value, or a name that comes twice would let two query strings share one signature.
 */
function parseFields(raw: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const pair of raw.split('&')) {
    const [, name, encoded] = /^([a-z_]+)=(.*)$/s.exec(pair) ?? [];
    const value = encoded === undefined ? undefined : decode(encoded);
    if (name === undefined || value === undefined || value.includes('\n') || fields.has(name))
      return undefined;
    fields.set(name, value);
  }
  return fields;
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function readInitData(fields: ReadonlyMap<string, string>): InitData | undefined {
  const authDate = fields.get('auth_date') ?? '';
  const user = readUser(fields.get('user') ?? '');
  if (!user || !/^\d{1,11}$/.test(authDate)) return undefined;
  return {
    user,
    authDate: new Date(Number(authDate) * 1_000),
    startParam: fields.get('start_param') ?? null,
  };
}

function readUser(json: string): InitData['user'] | undefined {
  const user = parseObject(json);
  const { id, first_name: firstName, username, language_code: languageCode } = user ?? {};
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > HIGHEST_TELEGRAM_ID) return undefined;
  return {
    telegramId: id,
    firstName: typeof firstName === 'string' ? firstName : '',
    username: typeof username === 'string' ? username : null,
    languageCode: typeof languageCode === 'string' ? languageCode : null,
  };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
