import { createHmac } from 'node:crypto';
import { toApiUser } from './chats.ts';
import { nowMs, unixSeconds } from './clock.ts';
import type { Chat } from './contract.ts';

type SigningOptions = {
  /** Unix seconds; now if not given. */
  authDateSeconds?: number;
  /** The `startapp` of the `t.me` link that opened the Mini App. */
  startParam?: string | undefined;
};

/**
 * The signed launch data that a Mini App gets of its user, as Telegram makes it
 * (core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app).
 */
export function signInitData(token: string, user: Chat, options: SigningOptions = {}): string {
  const { authDateSeconds = unixSeconds(nowMs()), startParam } = options;
  const fields = new URLSearchParams({
    user: JSON.stringify({ ...toApiUser(user), is_bot: undefined, allows_write_to_pm: true }),
    auth_date: String(authDateSeconds),
    ...(startParam !== undefined && { start_param: startParam }),
  });
  fields.sort();
  const lines = Array.from(fields, ([name, value]) => `${name}=${value}`).join('\n');
  const key = createHmac('sha256', 'WebAppData').update(token).digest();
  fields.append('hash', createHmac('sha256', key).update(lines).digest('hex'));
  return fields.toString();
}

/** The address at which Telegram opens a Mini App: the button's URL with the launch parameters in its fragment. */
export function miniAppAddress(buttonUrl: string, token: string, user: Chat): string {
  const launch = new URLSearchParams({
    tgWebAppData: signInitData(token, user),
    tgWebAppVersion: '9.1',
    tgWebAppPlatform: 'web',
  });
  const url = new URL(buttonUrl);
  url.hash = launch.toString();
  return url.href;
}
