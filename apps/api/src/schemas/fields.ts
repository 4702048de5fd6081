import { HIGHEST_TELEGRAM_ID } from '@replybell/telegram';
import Type, { type Static, type TSchema } from 'typebox';
import { patterns } from './patterns.ts';

/** A row's id in a request: positive and exact as a JSON number. */
export const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const idParams = Type.Object({ id }, { additionalProperties: false });

/** For lists that take nothing: a filter that they don't know would seem to find everything. */
export const noQuery = Type.Object({}, { additionalProperties: false });

/** What every list takes. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '50 if not given.' })),
  cursor: Type.Optional(
    Type.String({ maxLength: 64, description: 'The `nextCursor` of the page before this one.' }),
  ),
};

/** For lists that take nothing else. */
export const onlyPageQuery = Type.Object(pageQuery, { additionalProperties: false });

export const DEFAULT_PAGE = 50;

/** draft-ietf-httpapi-idempotency-key-header: a client's name for one request, so that repeating it is harmless. */
export const idempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: patterns.idempotencyKey.pattern,
      description: '1 to 255 visible ASCII characters, a UUID for example.',
    }),
  ),
});

/** A Telegram id in a request. */
export const givenTelegramId = Type.Integer({ minimum: 1, maximum: HIGHEST_TELEGRAM_ID });

export const telegramId = Type.Unsafe<number | null>({
  type: ['integer', 'null'],
  minimum: 1,
  maximum: HIGHEST_TELEGRAM_ID,
  description: "The user's Telegram id; null while none is linked.",
  examples: [123_456_789],
});

/** A `Date` of the database as ISO 8601 in UTC: the serializer writes it, so no handler has to. */
export const time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' });

export const TIME_MESSAGE = 'must be a time with its zone, such as 2026-01-31T08:00:00Z';

/** A time in a request, as text with its zone. */
export const timeText = (description: string) =>
  Type.Refine(
    Type.String({ format: 'date-time', maxLength: 35, description }),
    (value: unknown) => typeof value !== 'string' || !Number.isNaN(Date.parse(value)),
    () => TIME_MESSAGE,
  );

/** What lists and filters by time take. */
export const period = {
  since: Type.Optional(timeText('Made at this time or later.')),
  until: Type.Optional(timeText('Made before this time.')),
};

/** A reason's code in a request. */
export const reasonCode = Type.String({
  pattern: patterns.reasonCode.pattern,
  description: 'A stable code.',
});

const URL_MAX_LENGTH = 2_048;

/** An address that Telegram takes for a button, and that leads somewhere public. */
export const httpsUrl = (description: string) =>
  Type.Refine(
    Type.String({
      maxLength: URL_MAX_LENGTH,
      description: `${description} https, and a public name as host.`,
    }),
    (value: unknown) => typeof value !== 'string' || isPublicHttps(value),
    () => 'must be an https address whose host is a public name and no IP address, without a password',
  );

/** Labels of 1 to 63 characters, the last of them beginning with a letter, which that of an IPv4 address doesn't. */
const publicName =
  /^(?=.{1,253}$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!(?:localhost|local|internal)$)[a-z][a-z0-9-]{0,62}(?<!-)$/;

function isPublicHttps(text: string): boolean {
  // `URL` forgives what Telegram doesn't: white space, backslashes, too many slashes, an empty port.
  if (!/^https:\/\/[^\s\\\p{Cc}/][^\s\\\p{Cc}]*$/iu.test(text) || !URL.canParse(text)) return false;
  if (/^https:\/\/[^/?#]*:(?:[/?#]|$)/i.test(text)) return false;
  const { href, hostname, port, username, password } = new URL(text);
  const isPlain = port !== '0' && username === '' && password === '';
  return isPlain && publicName.test(hostname) && href.length <= URL_MAX_LENGTH;
}

/** A notification's id: a number in the database, a string in every answer. */
export const notificationId = Type.Unsafe<number>({
  type: 'string',
  examples: ['1'],
  pattern: '^[1-9][0-9]*$',
  description:
    'A number as text, so that it may outgrow what a JSON number holds exactly, which ids of tickets and users never do.',
});

export const notificationParams = Type.Object(
  {
    id: Type.Refine(
      Type.String({ pattern: patterns.notificationId.pattern, description: 'As in every answer.' }),
      (value: unknown) => Number(value) <= Number.MAX_SAFE_INTEGER,
      () => patterns.notificationId.message,
    ),
  },
  { additionalProperties: false },
);

/** The id of the notification that an address names, as the database has it. */
export const notificationIdIn = ({ id }: Static<typeof notificationParams>): number => Number(id);

/** The same field, or null. Written as a list of types, which the serializer handles faster than `anyOf`. */
export function nullable<Schema extends TSchema>(schema: Schema) {
  const { type, enum: values } = schema as { type?: string; enum?: unknown[] };
  return Type.Unsafe<Static<Schema> | null>({
    ...schema,
    ...(type !== undefined && { type: [type, 'null'] }),
    ...(values !== undefined && { enum: [...values, null] }),
  });
}

/** One page of a list. */
export function page<Schema extends TSchema>(items: Schema) {
  return Type.Object({
    items: Type.Array(items),
    nextCursor: nullable(Type.String({ description: 'Null on the last page.' })),
  });
}

/**
 * Text that people write, stored and delivered exactly as it is. Refused are only texts of which nothing is seen, and
 * what is no Unicode text: NUL, which PostgreSQL can't store, and lone surrogates, which have no UTF-8.
 */
export function text(options: { maxLength: number; description?: string }) {
  return Type.Refine(
    Type.String({ minLength: 1, ...options }),
    (value: unknown) => wrongText(value) === undefined,
    (value: unknown) => wrongText(value) ?? '',
  );
}

/** Not white space, which Telegram makes of control characters too, nor zero-width spaces, fillers and the empty Braille cell. */
const visible = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** What is wrong with a text that people are to read; undefined if nothing is. */
export function wrongText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.includes('\0')) return 'must not contain the character U+0000';
  if (!value.isWellFormed()) return 'must be well-formed Unicode, without lone surrogates';
  // An empty text is refused for its length.
  if (value !== '' && !visible.test(value)) return 'must not be blank';
  return undefined;
}
