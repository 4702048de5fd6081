import type { Update } from '@replybell/telegram';

/** What a user did that concerns us. */
export type BotEvent =
  /** `/start`, or a link `t.me/<bot>?start=<token>`. */
  | (Command & { kind: 'start'; token: string | undefined })
  | (Command & { kind: 'stop' })
  | { kind: 'blocked'; telegramId: number }
  | { kind: 'unblocked'; telegramId: number };

type Command = {
  telegramId: number;
  languageCode: string;
  /** The bot that it is for (`/start@replybell_bot`), which may be another; undefined if none is named. */
  botName: string | undefined;
};

/** What a message has that its sender did not write; `forward_date` of Bot API servers before 7.0. */
const foreignMarks = ['forward_origin', 'forward_date', 'via_bot'];

/** A command, perhaps with the bot's name, and what follows it. */
const COMMAND = /^\/(start|stop)(?:@(\w+))?(?:\s+(\S+))?\s*$/i;

/** Tells what happened in a private chat; undefined for everything else: groups, other texts, other kinds of updates. */
export function readUpdate({ message, my_chat_member: member }: Update): BotEvent | undefined {
  const telegramId = (member ?? message)?.chat.id;
  // What comes by webhook is whatever somebody with the secret sent.
  if (!Number.isSafeInteger(telegramId) || telegramId === undefined || telegramId <= 0) return undefined;
  if (member?.chat.type === 'private') {
    switch (member.new_chat_member.status) {
      case 'kicked':
        return { kind: 'blocked', telegramId };
      case 'member':
        return { kind: 'unblocked', telegramId };
      default:
        return undefined;
    }
  }
  if (message?.chat.type !== 'private') return undefined;
  // Somebody else's word: whose link it holds is not the sender's choice.
  if (foreignMarks.some((mark) => mark in message)) return undefined;
  const [, command, botName, token] = COMMAND.exec(message.text ?? '') ?? [];
  if (command === undefined) return undefined;
  const from = { telegramId, languageCode: message.from?.language_code ?? '', botName };
  return command.toLowerCase() === 'start' ? { kind: 'start', ...from, token } : { kind: 'stop', ...from };
}
