import { createLinkToken } from '@replybell/database';
import { classifyAnswer, startLink, toAnswer } from '@replybell/telegram';
import type { App, AppParts } from '../../app.ts';
import type { Bot } from '../../bot.ts';
import { ProblemError } from '../../problem.ts';
import { qrPicture } from '../../qr-picture.ts';
import { idParams } from '../../schemas/fields.ts';
import { telegramLink } from '../../schemas/telegram.ts';

export function telegramLinkRoutes(app: App, { db, config, bot }: AppParts): void {
  app.post(
    '/users/:id/telegram-link',
    {
      schema: {
        operationId: 'createTelegramLink',
        summary: 'Make a link by which a user connects their Telegram account',
        description:
          'Whoever opens the link and presses Start in the bot is linked to this user, and what waits is sent. It works ' +
          'once, until `expiresAt`. Give it to the user by a way that only they can read.',
        tags: ['users'],
        params: idParams,
        response: { 201: telegramLink },
      },
    },
    async (request, reply) => {
      // First the name: a token that nobody is told need not be stored.
      const username = await usernameOf(bot);
      const made = await createLinkToken(db, request.params.id, config.LINK_TTL_HOURS);
      if (!made) throw new ProblemError('user_not_found');
      const url = startLink(username, made.token);
      reply.code(201);
      return { url, expiresAt: made.expiresAt, qr: qrPicture(url) };
    },
  );
}

/** @throws {ProblemError} that says why the bot's name is not known. */
async function usernameOf(bot: Bot | undefined): Promise<string> {
  if (!bot) throw new ProblemError('bot_not_configured');
  try {
    return await bot.username();
  } catch (error) {
    const { outcome } = classifyAnswer(toAnswer(error));
    throw new ProblemError(outcome === 'unauthorized' ? 'bot_token_refused' : 'telegram_unavailable');
  }
}
