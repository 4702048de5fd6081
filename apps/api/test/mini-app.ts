import { signInitData } from '@replybell/simulator';
import type { TestApp } from './test-app.ts';

export const botToken = '123456:a-token-for-tests';

type Person = { telegramId: number; firstName?: string; username?: string; languageCode?: string };
type Signing = { token?: string; ageSeconds?: number; startParam?: string };

let nextTelegramId = 700_000;
export const freshTelegramId = () => ++nextTelegramId;

/** The `initData` that Telegram gives this person's Mini App. */
export function initDataOf(
  person: Person,
  { token = botToken, ageSeconds = 0, startParam }: Signing = {},
): string {
  const { telegramId, firstName = 'Anna', username = null, languageCode = 'ru' } = person;
  const chat = {
    id: telegramId,
    firstName,
    username,
    languageCode,
    started: true,
    blocked: false,
    deactivated: false,
  };
  return signInitData(token, chat, {
    authDateSeconds: Math.floor(Date.now() / 1_000) - ageSeconds,
    startParam,
  });
}

export const asTma = (initData: string) => ({ authorization: `tma ${initData}` });

/** Calls the API as this person's Mini App does. */
export function miniAppOf(api: TestApp, person: Person = { telegramId: freshTelegramId() }) {
  const identity = asTma(initDataOf(person));
  const call = (
    method: 'GET' | 'HEAD' | 'POST' | 'PATCH',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => api.call(method, `/api/me${path}`, body, { ...headers, ...identity });
  return {
    telegramId: person.telegramId,
    call,
    /** Opens a ticket and gives its id. */
    async openTicket(subject = 'Balance'): Promise<number> {
      const { body } = await call('POST', '/tickets', { subject, message: 'It is wrong' });
      return body.id;
    },
  };
}
