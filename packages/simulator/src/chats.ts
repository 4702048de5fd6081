import type { Chat, ChatChange } from './contract.ts';

/** What a user wrote to the bot. */
type UserMessage = { messageId: number; chatId: number; atMs: number; text: string };

export type Chats = {
  /** The chat, or null when the bot can't know it. */
  find(chatId: number): Chat | null;
  /** Changes a chat, or creates it. Returns it as it was (null when it is new) and as it is now. */
  change(chatId: number, change: ChatChange): { before: Chat | null; after: Chat };
  /** The chats that were created or changed, oldest first. */
  list(): Chat[];
  addUserMessage(message: UserMessage): void;
  /** What the user of a chat wrote, oldest first. */
  userMessages(chatId: number): UserMessage[];
  clear(): void;
};

/** `knowsEveryUser`: any positive id is a user who has started the bot, as long as nothing else was said of it. */
export function createChats(knowsEveryUser: boolean): Chats {
  const chats = new Map<number, Chat>();
  const messages = new Map<number, UserMessage[]>();

  function find(chatId: number): Chat | null {
    const known = chats.get(chatId);
    if (known !== undefined) return known;
    return knowsEveryUser && chatId > 0 ? newChat(chatId) : null;
  }

  return {
    find,
    change(chatId, change) {
      const before = find(chatId);
      const after = { ...(before ?? newChat(chatId)), ...change };
      chats.set(chatId, after);
      return { before, after };
    },
    list: () => [...chats.values()],
    addUserMessage(message) {
      const earlier = messages.get(message.chatId);
      if (earlier === undefined) messages.set(message.chatId, [message]);
      else earlier.push(message);
    },
    userMessages: (chatId) => messages.get(chatId) ?? [],
    clear() {
      chats.clear();
      messages.clear();
    },
  };
}

function newChat(id: number): Chat {
  return {
    id,
    started: true,
    blocked: false,
    deactivated: false,
    firstName: id > 0 ? 'User' : 'Group',
    username: null,
    languageCode: 'ru',
  };
}

/** The chat as the Bot API shows it in messages and updates. */
export function toApiChat(chat: Chat): Record<string, unknown> {
  const username = chat.username === null ? {} : { username: chat.username };
  if (chat.id > 0) return { id: chat.id, first_name: chat.firstName, ...username, type: 'private' };
  // Ids of supergroups begin with -100 (core.telegram.org/bots/faq).
  const type = String(chat.id).startsWith('-100') ? 'supergroup' : 'group';
  return { id: chat.id, title: chat.firstName, ...username, type };
}

/** The user of a private chat as the Bot API shows senders. */
export function toApiUser(chat: Chat): Record<string, unknown> {
  const username = chat.username === null ? {} : { username: chat.username };
  return {
    id: chat.id,
    is_bot: false,
    first_name: chat.firstName,
    ...username,
    language_code: chat.languageCode,
  };
}
