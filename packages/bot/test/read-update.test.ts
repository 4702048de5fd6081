import type { Update } from '@replybell/telegram';
import { describe, expect, it } from 'vitest';
import { readUpdate } from '../src/read-update.ts';

const chat = { id: 42, type: 'private', first_name: 'Anna' };
const from = { id: 42, is_bot: false, first_name: 'Anna', language_code: 'en' };
const update = (content: object) => ({ update_id: 1, ...content }) as Update;
const message = (text: string, changes: object = {}) =>
  update({ message: { message_id: 1, date: 0, chat, from, text, ...changes } });
const membership = (status: string, changes: object = {}) =>
  update({ my_chat_member: { chat, from, date: 0, new_chat_member: { status }, ...changes } });

describe('readUpdate', () => {
  it.each([
    ['/start', { kind: 'start', token: undefined, botName: undefined }],
    ['/start ', { kind: 'start', token: undefined }],
    ['/START@replybell_bot', { kind: 'start', token: undefined, botName: 'replybell_bot' }],
    ['/start aZ0_-', { kind: 'start', token: 'aZ0_-' }],
    ['/start@replybell_bot aZ0_-', { kind: 'start', token: 'aZ0_-', botName: 'replybell_bot' }],
    ['/stop', { kind: 'stop' }],
  ])('takes %j for a command', (text, event) => {
    expect(readUpdate(message(text))).toMatchObject({ ...event, telegramId: 42, languageCode: 'en' });
  });

  it.each(['/started', '/stopping', 'hello /start', '/help', '/start a b', '', 'start'])(
    'ignores the text %j',
    (text) => {
      expect(readUpdate(message(text))).toBeUndefined();
    },
  );

  it.each([
    ['forwarded', { forward_origin: { type: 'user', date: 0, sender_user: from } }],
    ['forwarded by an older server', { forward_date: 0 }],
    ['written by another bot', { via_bot: { id: 7, is_bot: true, first_name: 'Other' } }],
  ])('ignores a command that was %s', (_how, changes) => {
    expect(readUpdate(message('/start aZ0_-', changes))).toBeUndefined();
  });

  it('does without a language and without a text', () => {
    expect(readUpdate(message('/start', { from: { ...from, language_code: undefined } }))).toMatchObject({
      languageCode: '',
    });
    expect(
      readUpdate(update({ message: { message_id: 1, date: 0, chat, from, photo: [] } })),
    ).toBeUndefined();
  });

  it('knows blocking and unblocking', () => {
    expect(readUpdate(membership('kicked'))).toEqual({ kind: 'blocked', telegramId: 42 });
    expect(readUpdate(membership('member'))).toEqual({ kind: 'unblocked', telegramId: 42 });
    expect(readUpdate(membership('left'))).toBeUndefined();
  });

  it('ignores groups and other kinds of updates', () => {
    const group = { id: -7, type: 'group', title: 'Group' };
    expect(readUpdate(message('/start', { chat: group }))).toBeUndefined();
    expect(readUpdate(membership('kicked', { chat: group }))).toBeUndefined();
    expect(readUpdate(update({ callback_query: { id: '1' } }))).toBeUndefined();
  });

  it.each([
    ['an id that no user has', { ...chat, id: 0 }],
    ["a group's id", { ...chat, id: -7 }],
    ['an id that is no integer', { ...chat, id: 1.5 }],
    ["a user's id and another type", { ...chat, type: 'supergroup' }],
  ])('ignores chats with %s', (_what, strange) => {
    expect(readUpdate(message('/start', { chat: strange }))).toBeUndefined();
    expect(readUpdate(membership('kicked', { chat: strange }))).toBeUndefined();
  });
});
