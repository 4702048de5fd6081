import type { Config } from '@replybell/config';
import { type BotIdentity, callBotApi, type WebhookInfo } from './bot-api.ts';
import { checkUpdates } from './check-updates.ts';
import { errorMessage } from './error-message.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Whether the Bot API can be reached, takes the token, and can open the button's address. */
export async function checkTelegram(config: Config): Promise<Finding[]> {
  const { BOT_TOKEN: token, TELEGRAM_API_ROOT: apiRoot } = config;
  if (token === undefined) return [];
  const { host } = new URL(apiRoot);
  try {
    const me = await callBotApi<BotIdentity>({ apiRoot, token }, 'getMe');
    if (!me.ok) return [refused(host, me)];
    return [
      ok(`${host} knows the bot @${me.result.username}`),
      ...(await examineUpdates(config, { apiRoot, token })),
      ...checkButton(config, me.result),
    ];
  } catch (error) {
    return [
      problem(`${host}: ${errorMessage(error)}`, 'Check TELEGRAM_API_ROOT and the way to it (firewall, DNS)'),
    ];
  }
}

function refused(host: string, answer: { errorCode: number; description: string }): Finding {
  const text = `${host} answers ${answer.errorCode}: ${answer.description}`;
  const refusesToken = answer.errorCode === 401 || answer.errorCode === 404;
  return refusesToken
    ? problem(text, 'BOT_TOKEN is wrong or revoked: get the current one from @BotFather')
    : problem(text, 'Try again later; notifications wait meanwhile');
}

async function examineUpdates(config: Config, bot: { apiRoot: string; token: string }): Promise<Finding[]> {
  const info = await callBotApi<WebhookInfo>(bot, 'getWebhookInfo');
  return info.ok ? checkUpdates(config, info.result) : [];
}

/** @param bot as `getMe` tells it. */
export function checkButton(config: Config, bot: BotIdentity): Finding[] {
  const { WEBAPP_URL: url, WEBAPP_BUTTON: kind, WEBAPP_SHORT_NAME: shortName } = config;
  if (url === undefined) return [];
  const { protocol, hostname } = new URL(url);
  if (!hostname.includes('.')) {
    return [
      problem(
        `Telegram refuses buttons to ${hostname}: the host has no dot`,
        'Use a public address in WEBAPP_URL',
      ),
    ];
  }
  if (protocol !== 'https:') {
    return [
      warning(
        `WEBAPP_URL is not https: only a Bot API of your own accepts it`,
        'Use an https address in production',
      ),
    ];
  }
  if (kind === 'direct_link' && shortName === undefined && bot.has_main_web_app !== true) {
    return [
      problem(
        `WEBAPP_BUTTON is direct_link, but @${bot.username} has no main Mini App: the link opens only the chat`,
        'Configure the main Mini App at @BotFather, or set WEBAPP_SHORT_NAME',
      ),
    ];
  }
  return [ok(`The button is a ${kind} to ${hostname}`)];
}
