import {
  type Claim,
  claimNotifications,
  findPauses,
  pauseThrottled,
  pauseUntilProbed,
} from '@replybell/database';
import type { AttemptOutcome } from '@replybell/telegram';
import { claimOptions } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createGate } from '../src/gate.ts';
import { useInProcess } from './in-process.ts';

const parts = useInProcess();

function open() {
  const gate = createGate();
  return { gate, pausing: parts.createPausing(gate) };
}

const kinds = async () => (await findPauses(parts.harness.db)).map(({ kind }) => kind);
const failed = { outcome: 'retry', detail: '' } as const;

describe('the trial after a 429', () => {
  const throttled = { reason: 'too_many_requests', detail: '', retryAfterMs: 60_000 } as const;

  /** A claim on trial, if one is to be had. */
  async function tryOne(): Promise<Claim | undefined> {
    const { notificationId } = await parts.harness.reply({ enqueue: false });
    const request = { notificationId, epoch: 1, run: 0, token: `of ${notificationId}` };
    const [result] = await claimNotifications(parts.harness.db, [request], claimOptions);
    return result?.kind === 'claimed' ? result.claim : undefined;
  }

  it.each<[string, AttemptOutcome, string]>([
    ['ends the pause when it was answered', { outcome: 'sent', telegramMessageId: 1 }, 'none'],
    ['ends it with an error too', { ...failed, reason: 'telegram_error' }, 'none'],
    ['pauses anew after another 429', { outcome: 'throttled', ...throttled }, 'paused'],
    ['leaves it to the next one if there was no connection', { ...failed, reason: 'no_connection' }, 'trial'],
    [
      'leaves it to the next one if there was no message',
      { outcome: 'rejected', reason: 'render_failed', detail: '' },
      'trial',
    ],
  ])('%s', async (_what, outcome, next) => {
    await pauseThrottled(parts.harness.db, throttled);
    expect(await tryOne()).toBeUndefined();
    await sql`update delivery_pauses set paused_until = now()`.execute(parts.harness.db);
    const trial = await tryOne();
    if (!trial) throw new Error('There was no trial');
    expect(await tryOne()).toBeUndefined();

    await open().pausing.afterAttempt(outcome, trial);
    const claimed = await tryOne();
    expect(claimed ? (claimed.trial ? 'trial' : 'none') : 'paused').toBe(next);
  });
});

it('a 429 holds back what has its slot at once, and no longer than it asks for', async () => {
  const { gate, pausing } = open();
  const throttled = { outcome: 'throttled', reason: 'too_many_requests', detail: '' } as const;
  await pausing.afterAttempt({ ...throttled, retryAfterMs: 0 }, { telegramId: 1, trial: null });
  expect(gate.isPaused()).toBe(false);
  await pausing.afterAttempt({ ...throttled, retryAfterMs: 60_000 }, { telegramId: 1, trial: null });
  expect(gate.isPaused()).toBe(true);
});

it.each<['outage' | 'token', 'refused' | 'away' | 'well', string[]]>([
  ['outage', 'away', ['outage']],
  ['outage', 'refused', []],
  ['outage', 'well', []],
  ['token', 'away', ['token']],
  ['token', 'refused', ['token']],
  ['token', 'well', []],
])('a probe in the pause of kind %s that finds Telegram %s leaves %j', async (kind, found, left) => {
  const { db, telegram } = parts.harness;
  await pauseUntilProbed(db, { kind, reason: 'test', detail: '', tokenFingerprint: 'test' });
  await sql`update delivery_pauses set paused_until = now()`.execute(db);
  if (found === 'refused') await telegram.addFault({ kind: 'revoked' });
  if (found === 'away') await telegram.addFault({ kind: 'html502', method: 'getMe' });
  await open().pausing.probe();
  expect(await kinds()).toEqual(left);
});

it('a chat that fails again and again while others are answered is not due to an outage', async () => {
  const { gate, pausing } = open();
  const error: AttemptOutcome = { ...failed, reason: 'telegram_error' };
  gate.pause('outage', 0);
  expect(pausing.isDueToOutage(error, 1)).toBe(true);
  for (let round = 0; round < 2; round += 1) {
    await pausing.afterAttempt(error, { telegramId: 1, trial: null });
    await pausing.afterAttempt({ outcome: 'sent', telegramMessageId: 1 }, { telegramId: 2, trial: null });
  }
  expect([1, 2].map((chatId) => pausing.isDueToOutage(error, chatId))).toEqual([false, true]);
  expect(pausing.isDueToOutage({ ...failed, reason: 'chat_migrated' }, 2)).toBe(false);
});
