import type { Config } from '@replybell/config';
import { type WebhookInfo, webhookAddress } from './bot-api.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Whether the way that the bot's updates take at Telegram is the one that is configured. */
export function checkUpdates(config: Config, info: WebhookInfo): Finding[] {
  const isSet = info.url !== '';
  switch (config.TELEGRAM_UPDATES) {
    case 'off':
      return [
        warning(
          'TELEGRAM_UPDATES is off: links, /start, /stop and blocking do not reach us',
          'Use polling or webhook, if no other program needs the updates of this bot',
        ),
      ];
    case 'polling':
      if (!isSet) return [ok("The worker polls for the bot's updates")];
      return [
        problem(
          `TELEGRAM_UPDATES is polling, but the bot's updates go to a webhook at ${new URL(info.url).host}`,
          'Remove it by npm run webhook -- delete; or set TELEGRAM_UPDATES=webhook, or off if it is not yours',
        ),
      ];
    case 'webhook':
      return checkWebhook(info, webhookAddress(config));
    default:
      return config.TELEGRAM_UPDATES satisfies never;
  }
}

function checkWebhook(info: WebhookInfo, expected: string | undefined): Finding[] {
  if (expected === undefined) {
    return [
      problem(
        'TELEGRAM_UPDATES is webhook, but PUBLIC_URL is not set',
        'Set it, then npm run webhook -- set',
      ),
    ];
  }
  if (info.url === '') {
    return [problem('TELEGRAM_UPDATES is webhook, but Telegram knows none', 'npm run webhook -- set')];
  }
  if (info.url !== expected) {
    return [
      problem(
        `The bot's updates go to ${new URL(info.url).host}, not to ${expected}`,
        'npm run webhook -- set',
      ),
    ];
  }
  if (info.last_error_message !== undefined && (info.pending_update_count ?? 0) > 0) {
    return [
      problem(
        `Telegram can not bring ${info.pending_update_count} updates to ${expected}: ${info.last_error_message}`,
        'Look whether the API runs and answers there; after a new TELEGRAM_WEBHOOK_SECRET: npm run webhook -- set',
      ),
    ];
  }
  return [ok(`Telegram brings the bot's updates to ${expected}`)];
}
