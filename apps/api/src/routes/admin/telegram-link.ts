import { createLinkToken } from '@replybell/database';
import { startLink } from '@replybell/telegram';
import type { App, AppParts } from '../../app.ts';
import { needBot } from '../../bot.ts';
import { createOnce } from '../../change.ts';
import { ProblemError } from '../../problem.ts';
import { qrPicture } from '../../qr-picture.ts';
import { idempotencyHeader, idParams } from '../../schemas/fields.ts';
import { telegramLink } from '../../schemas/telegram.ts';
import { aboutMerging } from '../../schemas/users.ts';

export function telegramLinkRoutes(app: App, { db, config, bot }: AppParts): void {
  app.post(
    '/users/:id/telegram-link',
    {
      config: { refuses: ['user_not_found', 'user_erased'] },
      schema: {
        operationId: 'createTelegramLink',
        summary: 'Make a link by which a user connects their Telegram account',
        description:
          'Whoever opens the link and presses Start in the bot is linked to this user, and what waits is sent. It works ' +
          'once, until `expiresAt`. Give it to the user by a way that only they can read. A repetition with the same ' +
          '`Idempotency-Key` makes no second link and tells `url: null`: if the first answer was lost, make another. ' +
          aboutMerging,
        tags: ['users'],
        params: idParams,
        headers: idempotencyHeader,
        response: { 201: telegramLink },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      // First the name: a token that nobody is told need not be stored.
      const username = await needBot(bot).username();
      return createOnce({ db, request, reply, action: 'user.telegram_link', withoutSecrets }, async (trx) => {
        const made = await createLinkToken(trx, id, config.LINK_TTL_HOURS);
        if (made.kind !== 'made') throw new ProblemError(made.kind);
        const { expiresAt } = made;
        const url = startLink(username, made.token);
        return {
          subject: `user:${id}`,
          detail: { expiresAt },
          result: { url, expiresAt, qr: qrPicture(url) },
        };
      });
    },
  );
}

const withoutSecrets = ({ expiresAt }: { expiresAt: Date }) => ({ url: null, expiresAt, qr: null });
