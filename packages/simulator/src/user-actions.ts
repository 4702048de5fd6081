import { toApiChat, toApiUser } from './chats.ts';
import { nowMs, unixSeconds } from './clock.ts';
import type { Chat, ChatChange, UserAction } from './contract.ts';
import type { SimulatorState } from './state.ts';

/** Changes what is known of a chat. Blocking and unblocking tell the bot, as Telegram does. */
export function changeChat(state: SimulatorState, chatId: number, change: ChatChange): Chat {
  const { before, after } = state.chats.change(chatId, change);
  if ((before?.blocked ?? false) !== after.blocked) pushMembership(state, after);
  state.changes.touch();
  return after;
}

/**
 * Does what a user does. Writing starts the chat, and ends a block: Telegram's apps offer no other way to write to a
 * blocked bot. Returns the message's id, or null when a button was pressed.
 */
export function actAsUser(state: SimulatorState, chatId: number, action: UserAction): number | null {
  const chat = changeChat(state, chatId, { started: true, blocked: false });
  if ('callback' in action) {
    const { messageId, data } = action.callback;
    state.updates.push('callback_query', {
      id: String(Date.now()),
      from: toApiUser(chat),
      message: { message_id: messageId, from: state.bot, chat: toApiChat(chat), date: 0 },
      chat_instance: String(chatId),
      data,
    });
    return null;
  }
  const atMs = nowMs();
  const messageId = state.nextMessageId++;
  state.chats.addUserMessage({ messageId, chatId, atMs, text: action.text });
  const command = /^\/\w+/.exec(action.text)?.[0];
  state.updates.push('message', {
    message_id: messageId,
    from: toApiUser(chat),
    chat: toApiChat(chat),
    date: unixSeconds(atMs),
    text: action.text,
    ...(command === undefined
      ? {}
      : { entities: [{ type: 'bot_command', offset: 0, length: command.length }] }),
  });
  state.changes.touch();
  return messageId;
}

/** core.telegram.org/bots/api#chatmemberupdated: in a private chat sent only when the user blocks or unblocks. */
function pushMembership(state: SimulatorState, chat: Chat): void {
  const member = { user: state.bot, status: 'member' };
  const kicked = { user: state.bot, status: 'kicked', until_date: 0 };
  state.updates.push('my_chat_member', {
    chat: toApiChat(chat),
    from: toApiUser(chat),
    date: unixSeconds(nowMs()),
    old_chat_member: chat.blocked ? member : kicked,
    new_chat_member: chat.blocked ? kicked : member,
  });
}
