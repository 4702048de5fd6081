import { toApiChat } from '../chats.ts';
import { badRequest, succeeded } from './answer.ts';
import type { Method } from './call.ts';
import { deleteWebhook, getUpdates, getWebhookInfo, setWebhook } from './get-updates.ts';
import { chatIdParam } from './params.ts';
import { editMessageText, sendMessage } from './send-message.ts';

const getMe: Method = (state) =>
  succeeded({
    ...state.bot,
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  });

const getChat: Method = (state, { params }) => {
  const chatId = chatIdParam(params);
  if (chatId === null) return badRequest('chat_id is empty');
  const chat = state.chats.find(chatId);
  return chat === null ? badRequest('chat not found') : succeeded(toApiChat(chat));
};

/** The methods that the simulator knows, by name in lower case. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['getme', getMe],
  ['getchat', getChat],
  ['sendmessage', sendMessage],
  ['editmessagetext', editMessageText],
  ['getupdates', getUpdates],
  ['setwebhook', setWebhook],
  ['deletewebhook', (state, { params }) => deleteWebhook(state, params)],
  ['getwebhookinfo', getWebhookInfo],
  ['answercallbackquery', () => succeeded(true)],
  ['setmycommands', () => succeeded(true)],
]);
