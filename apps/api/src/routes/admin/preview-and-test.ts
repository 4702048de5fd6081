import type { PacedResult } from '@replybell/bot';
import { findTicket, findUser } from '@replybell/database';
import {
  type ButtonOptions,
  chooseLocale,
  locales,
  plainText,
  renderNotification,
  text,
} from '@replybell/telegram';
import type { App, AppParts } from '../../app.ts';
import { needBot } from '../../bot.ts';
import { change } from '../../change.ts';
import { ProblemError } from '../../problem.ts';
import { explainReason } from '../../reasons/index.ts';
import { preview, previewRequest, testRequest, testResult } from '../../schemas/notifications.ts';
import { wantedLocale } from '../../wanted-locale.ts';

/** Any private chat: what the message would be for a user who isn't linked yet. */
const SOME_TELEGRAM_ID = 1;

const tags = ['notifications'];

/** Messages that nobody promised: how a notification would look, and whether the bot reaches somebody. */
export function previewAndTestRoutes(app: App, { db, config, bot }: AppParts): void {
  app.post(
    '/notifications/preview',
    {
      config: { refuses: ['ticket_not_found'] },
      schema: {
        operationId: 'previewNotification',
        tags,
        summary: 'Show the message that the user of a ticket would get, without sending it',
        body: previewRequest,
        response: { 200: preview },
      },
    },
    async (request) => {
      const { ticketId, locale } = request.body;
      const ticket = await findTicket(db, ticketId);
      const user = ticket && (await findUser(db, ticket.userId));
      if (!user) throw new ProblemError('ticket_not_found');
      const options = await buttonOptions();
      const telegramId = user.telegramId ?? SOME_TELEGRAM_ID;
      const items = (locale ? [locale] : locales).map((each) => {
        const { subject } = ticket;
        const message = renderNotification({ ticketId, subject, locale: each, telegramId }, options);
        const { button } = message;
        const opensInTelegram = 'web_app' in button;
        const url = opensInTelegram ? button.web_app.url : button.url;
        return {
          locale: each,
          html: message.text,
          text: plainText(message.text),
          button: { text: button.text, url, opensInTelegram },
        };
      });
      return { userLocale: chooseLocale(user.locale), items };
    },
  );

  app.post(
    '/notifications/test',
    {
      schema: {
        operationId: 'sendTestMessage',
        tags,
        summary: 'Send a test message to a Telegram id and tell what Telegram said',
        description:
          'Answers within about 8 s, also while deliveries are paused by an admin. Whatever Telegram says is a 200.',
        body: testRequest,
        response: { 200: testResult },
      },
    },
    async (request) => {
      const readerLocale = wantedLocale(request.headers['accept-language']);
      const { telegramId, locale = readerLocale } = request.body;
      const { send } = needBot(bot);
      // Before it leaves: no message without its entry in the audit trail. The id is a person's, so it isn't told there.
      await change({ db, request, action: 'bot.test' }, async () => ({ subject: 'bot', result: undefined }));
      const result = toTestResult(await send({ chatId: telegramId, text: text(locale, 'test') }));
      const explained = explainReason(result.reason, readerLocale);
      return { ...result, reasonText: explained.text, advice: explained.advice };
    },
  );

  async function buttonOptions(): Promise<ButtonOptions> {
    const { WEBAPP_URL: webAppUrl, WEBAPP_BUTTON: kind, WEBAPP_SHORT_NAME: shortName } = config;
    if (webAppUrl === undefined) throw new ProblemError('bot_not_configured');
    if (kind !== 'direct_link') return { webAppUrl, kind };
    return { webAppUrl, kind, shortName, botUsername: await needBot(bot).username() };
  }
}

function toTestResult(result: PacedResult) {
  const nothing = { reason: null, detail: null, telegramMessageId: null };
  switch (result.kind) {
    case 'accepted':
      return { ...nothing, outcome: 'sent' as const, telegramMessageId: result.telegramMessageId };
    case 'refused':
      return { ...nothing, outcome: result.outcome, reason: result.reason, detail: result.detail };
    case 'paused':
      return { ...nothing, outcome: 'not_sent' as const, reason: result.reason };
    case 'no_slot':
      return { ...nothing, outcome: 'not_sent' as const, reason: 'no_slot' };
  }
}
