import type { Chat, ChatSummary, ConversationLine } from './contract.ts';
import type { SimulatorState } from './state.ts';

/** The page looks only so far back for chats that nobody has set up. */
const NEWEST_MESSAGES_LOOKED_AT = 2_000;
const MOST_CHATS = 100;
const MOST_LINES = 200;

/** The chats worth showing, the one with the latest message first. */
export function listChats(state: SimulatorState): ChatSummary[] {
  const summaries = new Map<number, ChatSummary>();
  for (const item of state.ledger.newest(NEWEST_MESSAGES_LOOKED_AT)) {
    if (summaries.size >= MOST_CHATS) break;
    if (summaries.has(item.chatId)) continue;
    const chat = state.chats.find(item.chatId);
    if (chat === null) continue;
    summaries.set(chat.id, { ...chat, last: { text: item.text, atMs: item.atMs, from: 'bot' } });
  }
  for (const chat of state.chats.list()) {
    const last = summaries.get(chat.id)?.last ?? null;
    summaries.set(chat.id, { ...chat, last: later(last, lastFromUser(state, chat)) });
  }
  return [...summaries.values()].sort((a, b) => (b.last?.atMs ?? 0) - (a.last?.atMs ?? 0));
}

/** The newest lines of a chat, oldest first. */
export function readConversation(state: SimulatorState, chatId: number): ConversationLine[] {
  const fromBot = state.ledger.newest(MOST_LINES, chatId).map((item): ConversationLine => {
    const { messageId, atMs, text, entities, replyMarkup } = item;
    return { messageId, atMs, from: 'bot', text, entities, replyMarkup };
  });
  const fromUser = state.chats.userMessages(chatId).map((message): ConversationLine => {
    const { messageId, atMs, text } = message;
    return { messageId, atMs, from: 'user', text, entities: [], replyMarkup: null };
  });
  return [...fromBot, ...fromUser].sort((a, b) => a.atMs - b.atMs).slice(-MOST_LINES);
}

function lastFromUser(state: SimulatorState, chat: Chat): ChatSummary['last'] {
  const message = state.chats.userMessages(chat.id).at(-1);
  return message === undefined ? null : { text: message.text, atMs: message.atMs, from: 'user' };
}

function later(a: ChatSummary['last'], b: ChatSummary['last']): ChatSummary['last'] {
  if (a === null || b === null) return a ?? b;
  return a.atMs > b.atMs ? a : b;
}
