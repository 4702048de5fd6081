import type { Update } from '@replybell/telegram';
import Type from 'typebox';
import type { App, AppParts } from '../app.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../edges/limit-time.ts';
import { createSecretCheck } from '../identity/secret-check.ts';
import { ProblemError, sendProblem } from '../problem.ts';
import { telegramUpdate } from '../schemas/telegram.ts';

/** A message of 4,096 characters with its entities, and the one that it answers, in JSON. */
const UPDATE_LIMIT_BYTES = 1024 * 1024;

/**
 * `POST /telegram/webhook`: Telegram brings the bot's updates. Any answer but a 2xx makes Telegram bring the update again,
 * so it is answered 200 once what it asks for is committed, and 503 while the database is away.
 */
export function telegramRoutes(app: App, { config, bot }: AppParts): void {
  const { TELEGRAM_UPDATES, TELEGRAM_WEBHOOK_SECRET: secret } = config;
  const isOn = TELEGRAM_UPDATES === 'webhook' && secret !== undefined && bot !== undefined;
  const isSecret = isOn ? createSecretCheck(secret) : () => false;

  // Before the body is read: nobody but Telegram makes us parse anything.
  app.addHook('onRequest', (request, reply, done) => {
    if (!isOn) return void sendProblem(reply, 'webhook_off');
    if (!isSecret(request.headers['x-telegram-bot-api-secret-token'])) {
      return void sendProblem(reply, 'webhook_secret_wrong');
    }
    done();
  });
  limitTime(app, HANDLER_TIMEOUT_MS);

  app.post(
    '/webhook',
    {
      bodyLimit: UPDATE_LIMIT_BYTES,
      config: { refuses: ['webhook_secret_wrong', 'webhook_off'] },
      schema: {
        operationId: 'receiveTelegramUpdate',
        summary: "Take one of the bot's updates from Telegram",
        description:
          'Only for Telegram, which proves itself by `X-Telegram-Bot-Api-Secret-Token`. `npm run webhook -- set` tells ' +
          'Telegram this address. Repeated updates change nothing.',
        tags: ['telegram'],
        security: [{ webhookSecret: [] }],
        body: telegramUpdate,
        response: { 200: Type.Object({ ok: Type.Literal(true) }) },
      },
    },
    async (request) => {
      if (!bot) throw new ProblemError('webhook_off');
      // Whoever knows the secret is Telegram, and what we read of its update was checked.
      await bot.handleUpdate(request.body as Update);
      return { ok: true as const };
    },
  );
}
