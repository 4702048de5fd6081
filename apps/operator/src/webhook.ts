/**
 * Tells Telegram where the bot's updates go: `npm run webhook -- set`, `delete` or `show`. Exits 0, 2 if it is told
 * anything else, 78 if the configuration is wrong, 1 if Telegram refuses.
 */
import { type Config, EXIT_CONFIG, isTelegrams, parseConfig, readEnvironment } from '@replybell/config';
import { wantedUpdates } from '@replybell/telegram';
import { type BotApiAnswer, callBotApi, type WebhookInfo, webhookAddress } from './bot-api.ts';
import { errorMessage } from './error-message.ts';

const EXIT_USAGE = 2;

const commands = new Map([
  ['set', set],
  ['delete', remove],
  ['show', show],
]);
const carryOut = commands.get(process.argv[2] ?? '');
if (carryOut === undefined) {
  console.error('Usage: npm run webhook -- set | delete | show');
  process.exit(EXIT_USAGE);
}
const loaded = parseConfig(
  readEnvironment(process.env),
  carryOut === set ? ['BOT_TOKEN', 'TELEGRAM_WEBHOOK_SECRET', 'PUBLIC_URL'] : ['BOT_TOKEN'],
);
if (!loaded.ok) {
  for (const problem of loaded.problems) console.error(problem);
  process.exit(EXIT_CONFIG);
}
try {
  process.exitCode = await carryOut(loaded.config);
} catch (error) {
  console.error(`The Bot API could not be reached: ${errorMessage(error)}`);
  process.exitCode = 1;
}

async function set(config: Config): Promise<number> {
  const url = webhookAddress(config);
  if (url === undefined) throw new Error('parseConfig asks for PUBLIC_URL');
  if (url.startsWith('http:') && isTelegrams(config)) {
    console.error(`PUBLIC_URL must be an https address that Telegram reaches, not "${config.PUBLIC_URL}"`);
    return EXIT_CONFIG;
  }
  const answer = await call(config, 'setWebhook', {
    url,
    secret_token: config.TELEGRAM_WEBHOOK_SECRET,
    allowed_updates: wantedUpdates,
    // One after the other: a user who blocks and unblocks the bot ends as who they are.
    max_connections: 1,
  });
  if (!answer.ok) return refused(answer);
  console.log(`Telegram brings the bot's updates to ${url}`);
  if (config.TELEGRAM_UPDATES !== 'webhook') {
    console.log('Set TELEGRAM_UPDATES=webhook and restart API and workers: until then they are refused');
  }
  return 0;
}

async function remove(config: Config): Promise<number> {
  const answer = await call(config, 'deleteWebhook');
  if (!answer.ok) return refused(answer);
  console.log('There is no webhook any more');
  if (config.TELEGRAM_UPDATES === 'webhook') {
    console.log('Set TELEGRAM_UPDATES=polling and restart the workers, or nobody gets the updates');
  }
  return 0;
}

async function show(config: Config): Promise<number> {
  const answer = await call<WebhookInfo>(config, 'getWebhookInfo');
  if (!answer.ok) return refused(answer);
  const { url, pending_update_count: waiting, last_error_message: error } = answer.result;
  console.log(url === '' ? 'There is no webhook' : `The bot's updates go to ${url}`);
  console.log(`Updates that wait: ${waiting ?? 0}`);
  if (error !== undefined) console.log(`The last one that failed: ${error}`);
  return 0;
}

function call<Result = true>(config: Config, method: string, parameters?: object) {
  const { BOT_TOKEN: token, TELEGRAM_API_ROOT: apiRoot } = config;
  if (token === undefined) throw new Error('parseConfig asks for BOT_TOKEN');
  return callBotApi<Result>({ apiRoot, token }, method, parameters);
}

function refused(answer: Extract<BotApiAnswer<unknown>, { ok: false }>): number {
  console.error(`Telegram answers ${answer.errorCode}: ${answer.description}`);
  return 1;
}
