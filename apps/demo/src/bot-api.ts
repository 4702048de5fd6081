import { DEMO_BOT_TOKEN, type LedgerItem } from '@replybell/simulator';
import { type Environment, startSimulator } from '@replybell/testing/apps';
import type { StartedProcess } from '@replybell/testing/started-process';
import { startMiniApp } from './mini-app.ts';
import type { Settings } from './settings.ts';
import { startOnPort } from './start-on-port.ts';

/** What the messages are sent to: the simulator, or Telegram itself. */
export type BotApi = {
  /** What the API and the worker need to use it. */
  variables: Environment;
  /** Of two users of the demo, and of the account that may be linked to the third; a single account of yours moves there. */
  telegramIds: { first: number; second: number | null; third: number };
  /** Where the simulator shows the chats. */
  chatPage?: string;
  process?: StartedProcess;
  /** An accepted message as its reader sees it; Telegram doesn't tell. */
  findMessage(chatId: number, messageId: number): Promise<LedgerItem | undefined>;
};

const SIMULATOR_PORT = 3001;

/** Telegram by the variables that were given. Nothing is started. */
export function useTelegram({ telegramId, variables }: NonNullable<Settings['telegram']>): BotApi {
  return {
    variables,
    telegramIds: { first: telegramId, second: null, third: telegramId },
    findMessage: async () => undefined,
  };
}

/** Starts the simulator, with Telegram's own limits, and a page that stands for the Mini App. */
export async function startSimulatedBotApi(stack: AsyncDisposableStack): Promise<BotApi> {
  const miniApp = await startMiniApp();
  stack.defer(() => miniApp.server.closeAllConnections());
  stack.defer(() => void miniApp.server.close());
  const simulator = await startOnPort(SIMULATOR_PORT, (port) =>
    startSimulator({
      SIMULATOR_PORT: String(port),
      // The page that stands for the Mini App is on this machine; Telegram itself opens https only.
      SIMULATOR_HTTP_WEB_APPS: '1',
      SIMULATOR_MESSAGES_PER_SECOND: '30',
      SIMULATOR_CHAT_INTERVAL_MS: '1000',
    }),
  );
  stack.defer(async () => void (await simulator.stop()));

  const telegramIds = { first: 700_000_001, second: 700_000_002, third: 700_000_003 };
  await simulator.client.changeChat(telegramIds.first, { firstName: 'Анна', languageCode: 'ru' });
  await simulator.client.changeChat(telegramIds.second, { firstName: 'John', languageCode: 'en' });
  await simulator.client.changeChat(telegramIds.third, { firstName: 'Ольга', languageCode: 'ru' });
  return {
    variables: { BOT_TOKEN: DEMO_BOT_TOKEN, TELEGRAM_API_ROOT: simulator.url, WEBAPP_URL: miniApp.url },
    telegramIds,
    chatPage: simulator.url,
    process: simulator,
    async findMessage(chatId, messageId) {
      const items = await simulator.client.ledger({ chatId });
      return items.find((item) => item.messageId === messageId);
    },
  };
}
