import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '@replybell/logger';
import type { Update } from '@replybell/telegram';
import { expect, it } from 'vitest';
import { stepOverHeldUp } from '../src/updates/step-over.ts';

const logger = createLogger({ name: 'worker', level: 'fatal', format: 'json', secrets: [] });

/** Handles updates of chats that are held up until they are let go; all others at once. */
function open(heldChats: number[]) {
  const begun: number[] = [];
  const held = new Map<number, PromiseWithResolvers<void>>();
  const handle = stepOverHeldUp(async (update, onHeldUp) => {
    begun.push(update.update_id);
    if (!heldChats.includes(update.message?.chat.id ?? 0)) return;
    const holding = Promise.withResolvers<void>();
    held.set(update.update_id, holding);
    onHeldUp(new Error('held'));
    await holding.promise;
  }, logger);
  const take = (updateId: number, chatId: number) => {
    const update = { update_id: updateId, message: { chat: { id: chatId } } } as Update;
    let isOver = false;
    const taken = handle(update).finally(() => {
      isOver = true;
    });
    return { taken, isOver: () => isOver };
  };
  return { begun, held, take };
}

it('what follows an update that is held up waits for it, also when it fails, and other chats do not', async () => {
  const { begun, held, take } = open([1]);
  for (const [updateId, chatId] of [
    [11, 1],
    [12, 1],
    [13, 1],
    [21, 2],
  ] as const) {
    await take(updateId, chatId).taken;
  }
  expect(begun).toEqual([11, 21]);
  held.get(11)?.reject(new Error('It can not be handled'));
  await expect.poll(() => begun).toEqual([11, 21, 12]);
  held.get(12)?.resolve();
  await expect.poll(() => begun).toEqual([11, 21, 12, 13]);
});

it('no more than ten chats are stepped over at a time', async () => {
  const chats = Array.from({ length: 11 }, (_, index) => index + 1);
  const { held, take } = open(chats);
  for (const chatId of chats.slice(0, 10)) await take(chatId, chatId).taken;
  const eleventh = take(11, 11);
  for (let turns = 0; turns < 10; turns += 1) await turn();
  expect(eleventh.isOver()).toBe(false);
  held.get(11)?.resolve();
  await eleventh.taken;
});

it('what can not be handled and is not held up is told to whoever brought it', async () => {
  const failing = stepOverHeldUp(() => Promise.reject(new Error('It can not be handled')), logger);
  await expect(failing({ update_id: 1 } as Update)).rejects.toThrow('It can not be handled');
});
