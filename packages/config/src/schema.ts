import Type, { type Static } from 'typebox';

const integer = (description: string, range: { default: number; minimum: number; maximum: number }) =>
  Type.Integer({ description, ...range });

const choice = <Value extends string>(description: string, values: Value[], fallback?: NoInfer<Value>) =>
  Type.Enum<Value[]>(values, fallback === undefined ? { description } : { description, default: fallback });

const network = '(loopback|linklocal|uniquelocal|[0-9A-Fa-f.:]+(/[0-9]{1,3})?)';
const origin = 'https?://[A-Za-z0-9.:\\[\\]-]+';

/** Marks a value that no message, log line or table may show. */
const secret = { secret: true } as const;

/**
 * Every environment variable that Replybell reads, one entry each. Types, defaults, checks, error messages and the
 * table in README.md all come from here.
 */
export const schema = Type.Object({
  DATABASE_URL: Type.String({
    ...secret,
    pattern: '^postgres(ql)?://',
    description: 'PostgreSQL 15 or newer, `postgres://user:password@host:5432/database`. Required.',
  }),
  REDIS_URL: Type.Optional(
    Type.String({
      ...secret,
      pattern: '^rediss?(://|\\+cluster://|\\+sentinel://[^/?]+/[^/?])',
      description:
        'Redis 7 or newer, or Valkey 8, `redis://host:6379`; `rediss://` for TLS; `redis+sentinel://host,host/mymaster` and `redis+cluster://host,host` (docs/queue-backends.md). Not set: the queue lives in `DATABASE_URL`.',
    }),
  ),
  BOT_TOKEN: Type.Optional(
    Type.String({
      ...secret,
      pattern: '^[0-9]+:[A-Za-z0-9_-]+$',
      description:
        "The bot's token from BotFather. Missing: the API stores replies, but links, test messages and the Mini App are answered 503 `bot_not_configured`; the worker says so and exits 78.",
    }),
  ),
  WEBAPP_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+',
      description:
        "The Mini App's https address. Missing: the API stores replies, but previews are answered 503 `bot_not_configured`; the worker says so and exits 78. Plain http is refused unless `TELEGRAM_API_ROOT` is a server of your own.",
    }),
  ),
  WEBAPP_BUTTON: choice(
    'What the button does: `web_app` opens the Mini App inside Telegram, `url` opens the same address in a browser, `direct_link` opens `https://t.me/<bot>?startapp=…`.',
    ['web_app', 'url', 'direct_link'],
    'web_app',
  ),
  WEBAPP_SHORT_NAME: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_]{3,30}$',
      description: "The Mini App's short name in `direct_link` buttons: `https://t.me/<bot>/<short name>`.",
    }),
  ),
  INIT_DATA_TTL_HOURS: integer(
    'How long a Mini App may use the signed `initData` that Telegram gave it at its opening. Then the user opens it anew.',
    { default: 24, minimum: 1, maximum: 720 },
  ),
  TELEGRAM_API_ROOT: Type.String({
    pattern: '^https?://[^/?#]+',
    default: 'https://api.telegram.org',
    description: 'The Bot API server: Telegram, a local Bot API server, or the simulator.',
  }),
  TELEGRAM_UPDATES: choice(
    "How `/start`, `/stop` and blocking reach us: `polling` by the worker, `webhook` at `PUBLIC_URL/telegram/webhook` (see `npm run webhook`), `off` if another program reads this bot's updates.",
    ['polling', 'webhook', 'off'],
    'polling',
  ),
  TELEGRAM_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      ...secret,
      pattern: '^[A-Za-z0-9_-]{16,256}$',
      description:
        'What Telegram shows at the webhook to prove itself, 16 to 256 letters, digits, `_`, `-`. Required by `webhook`.',
    }),
  ),
  LINK_TTL_HOURS: integer("How long a link that connects a user's Telegram account works.", {
    default: 168,
    minimum: 1,
    maximum: 8_760,
  }),
  TELEGRAM_MESSAGES_PER_SECOND: integer(
    "The bot's rate over all chats, kept in any sliding second. Telegram allows about 30, with paid broadcasts 1,000.",
    { default: 30, minimum: 1, maximum: 10_000 },
  ),
  TELEGRAM_CHAT_INTERVAL_MS: integer('The least time between two messages in one chat; 0: none.', {
    default: 1_000,
    minimum: 0,
    maximum: 60_000,
  }),
  TELEGRAM_TIMEOUT_MS: integer('How long one call of the Bot API may take.', {
    default: 15_000,
    minimum: 100,
    maximum: 120_000,
  }),
  WORKER_CONCURRENCY: integer('Notifications that one worker process handles at the same time.', {
    default: 50,
    minimum: 1,
    maximum: 1_000,
  }),
  NOTIFICATION_ATTEMPTS: integer(
    'After how many answers of kind `retry` a notification fails. Throttling and outages do not count.',
    { default: 8, minimum: 1, maximum: 100 },
  ),
  NOTIFICATION_TTL_HOURS: integer(
    'How long a notification may wait to be sent; then it has become pointless.',
    {
      default: 72,
      minimum: 1,
      maximum: 8_760,
    },
  ),
  PARKED_TTL_DAYS: integer("How long a notification waits for a user who can't be reached.", {
    default: 30,
    minimum: 1,
    maximum: 3_650,
  }),
  FOLDING: choice(
    '`on`: notifications of one ticket that wait at the same time leave as one message. `off`: each leaves alone.',
    ['on', 'off'],
    'on',
  ),
  RETENTION_DAYS: integer('How long notifications that are final, and their attempts, are kept.', {
    default: 90,
    minimum: 1,
    maximum: 3_650,
  }),
  UNKNOWN_OUTCOME: choice(
    'What follows when nobody can tell whether Telegram took a message: `resend` (at most twice, may double it) or `hold` (an operator decides).',
    ['resend', 'hold'],
    'resend',
  ),
  DRAIN_TIMEOUT_MS: integer('How long a stopping process finishes its work. Keep it below `kill_timeout`.', {
    default: 20_000,
    minimum: 0,
    maximum: 300_000,
  }),
  WORKER_PORT: integer("Port of the worker's `/healthz`, `/readyz` and `/metrics`; 0: none.", {
    default: 0,
    minimum: 0,
    maximum: 65_535,
  }),
  API_HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'The address the API listens on (and the worker, if it has a port).',
  }),
  API_PORT: integer('The port the API listens on; 0 takes a free one.', {
    default: 3000,
    minimum: 0,
    maximum: 65_535,
  }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+',
      description:
        'The address under which browsers and Telegram reach the API, `https://support.example.com`. With https, cookies are sent over https only. The webhook needs https.',
    }),
  ),
  ADMIN_API_KEY: Type.Optional(
    Type.String({
      ...secret,
      minLength: 32,
      description:
        'The first key of `/api/admin` and `/admin/queues`, with the role `owner`, at least 32 characters. Required by the API. Another one signs all admins out.',
    }),
  ),
  RATE_LIMIT_PER_MINUTE: integer(
    'Requests that one caller may make in a minute, of each API process; a tenth of it: how often one address may fail to identify itself. 0: no limit.',
    { default: 6_000, minimum: 0, maximum: 100_000_000 },
  ),
  TRUST_PROXY: Type.Optional(
    Type.String({
      pattern: `^${network}( *, *${network})*$`,
      description:
        'Proxies whose `X-Forwarded-*` headers are believed: addresses, networks (`10.0.0.0/8`), `loopback`, `linklocal`, `uniquelocal`, separated by commas. Not set: none. Declare yours: else all clients have its address, and share the limits that are counted by address.',
    }),
  ),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      pattern: `^${origin}( *, *${origin})*$`,
      description:
        'Origins whose pages may call the API from a browser, `https://panel.example.com`, separated by commas. Not set: none.',
    }),
  ),
  LOG_LEVEL: choice(
    'The lowest level that is logged.',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    'info',
  ),
  LOG_FORMAT: Type.Optional(
    choice('`json` or `pretty`. Not set: `pretty` when it writes to a terminal.', ['json', 'pretty']),
  ),
});

/** The checked configuration. Keys are the variables' own names, so that one search finds every use. */
export type Config = Static<typeof schema>;
export type VariableName = keyof Config;
