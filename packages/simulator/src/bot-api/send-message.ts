import { toApiChat } from '../chats.ts';
import { nowMs, unixSeconds } from '../clock.ts';
import type { Chat } from '../contract.ts';
import type { MessageContent } from '../ledger.ts';
import type { SimulatorState } from '../state.ts';
import { type Answer, badRequest, failed, succeeded, tooManyRequests } from './answer.ts';
import type { Call } from './call.ts';
import { readFormattedText } from './formatted-text.ts';
import { chatIdParam, integerParam, jsonParam, type Params, textParam } from './params.ts';
import { refuseMarkup } from './reply-markup.ts';

/**
 * core.telegram.org/bots/api#sendmessage. Judges the text, the keyboard and the chat in Telegram's order, then the
 * rates; what passes is in the ledger when this returns.
 */
export function sendMessage(state: SimulatorState, call: Call): Answer {
  const checked = checkMessage(state, call.params);
  if ('ok' in checked) return checked;
  const { chat, content } = checked;
  const atMs = nowMs();
  const retryAfterSeconds = state.limits.admit(chat.id, atMs);
  if (retryAfterSeconds !== null) return tooManyRequests(retryAfterSeconds);

  const messageId = state.nextMessageId++;
  state.ledger.append({
    seq: state.ledger.size + 1,
    atMs,
    chatId: chat.id,
    messageId,
    ...content,
    fault: call.fault,
  });
  state.changes.touch();
  return succeeded(toApiMessage(state, chat, messageId, unixSeconds(atMs), content));
}

/** core.telegram.org/bots/api#editmessagetext, for messages of the bot itself. */
export function editMessageText(state: SimulatorState, call: Call): Answer {
  const checked = checkMessage(state, call.params);
  if ('ok' in checked) return checked;
  const { chat, content } = checked;
  const messageId = integerParam(call.params, 'message_id', 0);
  if (!state.ledger.replaceContent(chat.id, messageId, content)) {
    return badRequest('message to edit not found');
  }
  state.changes.touch();
  const date = unixSeconds(nowMs());
  return succeeded({ ...toApiMessage(state, chat, messageId, date, content), edit_date: date });
}

function checkMessage(
  state: SimulatorState,
  params: Params,
): Answer | { chat: Chat; content: MessageContent } {
  const formatted = readFormattedText(params);
  if (!formatted.ok) return badRequest(formatted.reason);
  const chatId = chatIdParam(params);

  const replyMarkup = jsonParam(params, 'reply_markup') ?? null;
  if (replyMarkup === null && textParam(params, 'reply_markup') !== '') {
    return badRequest("can't parse reply keyboard markup JSON object");
  }
  if (replyMarkup !== null) {
    const { allowHttpWebApps } = state;
    const refusal = refuseMarkup(replyMarkup, { isPrivateChat: (chatId ?? 0) > 0, allowHttpWebApps });
    if (refusal !== null) return badRequest(refusal);
  }
  const chat = reachableChat(state, chatId);
  if ('ok' in chat) return chat;
  const { text, entities } = formatted;
  return { chat, content: { text, entities, html: textParam(params, 'text'), replyMarkup } };
}

/** The chat when the bot may write there, otherwise Telegram's answer. */
function reachableChat(state: SimulatorState, chatId: number | null): Answer | Chat {
  if (chatId === null) return badRequest('chat_id is empty');
  const chat = state.chats.find(chatId);
  if (chat === null) return badRequest('chat not found');
  if (chat.deactivated) return failed(403, 'Forbidden: user is deactivated');
  if (chat.blocked && chat.id > 0) return failed(403, 'Forbidden: bot was blocked by the user');
  if (chat.blocked) return failed(403, 'Forbidden: bot was kicked from the group chat');
  if (!chat.started) return failed(403, "Forbidden: bot can't initiate conversation with a user");
  return chat;
}

function toApiMessage(
  state: SimulatorState,
  chat: Chat,
  messageId: number,
  date: number,
  { text, entities, replyMarkup }: MessageContent,
): Record<string, unknown> {
  // Of all keyboards only inline ones come back in the answer.
  const isInline =
    typeof replyMarkup === 'object' && replyMarkup !== null && 'inline_keyboard' in replyMarkup;
  return {
    message_id: messageId,
    from: state.bot,
    chat: toApiChat(chat),
    date,
    text,
    ...(entities.length > 0 ? { entities } : {}),
    ...(isInline ? { reply_markup: replyMarkup } : {}),
  };
}
