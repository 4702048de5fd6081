import {
  type Claim,
  type Db,
  endPause,
  endThrottle,
  giveBackTrial,
  pauseThrottled,
  pauseUntilProbed,
  type Trial,
  takeProbe,
} from '@replybell/database';
import type { Logger } from '@replybell/logger';
import { type AttemptOutcome, classifyAnswer, type Sender } from '@replybell/telegram';
import type { Persist } from './database-patience.ts';
import { createFailureWatch, isInfrastructureFailure, wasAsked } from './failure-streak.ts';
import { type Gate, HELD_AT_ONCE_MS } from './gate.ts';

export type PausingOptions = {
  db: Db;
  gate: Gate;
  sender: Sender;
  persist: Persist;
  tokenFingerprint: string;
  logger: Logger;
};

export type Pausing = {
  /**
   * Pauses all workers' deliveries if the outcome says that no other send would fare better. Ends the pause for a 429
   * after a trial that met no other.
   */
  afterAttempt(outcome: AttemptOutcome, claim: Pick<Claim, 'telegramId' | 'trial'>): Promise<void>;
  /** Where too few chats have failed to tell: asks Telegram itself, and pauses if it is away. Tells whether it is. */
  pauseIfAway(outcome: AttemptOutcome): Promise<boolean>;
  /** Whether an outage is to blame for the outcome, one that isn't surely over, and not the chat itself. */
  isDueToOutage(outcome: AttemptOutcome, chatId: number): boolean;
  /** Sends a probe if one is due, and ends the pause if Telegram answers. */
  probe(): Promise<void>;
};

/** As `HELD_AT_ONCE_MS` after a 429, which must not be overlooked: longer than Postgres may take to write the pause. */
const THROTTLED_AT_ONCE_MS = 10_000;

/**
 * Pauses of all deliveries: for a 429 as long as it asks for, and then until one send has met no other; in an outage or
 * with a refused token until a probe (`getMe`, at growing intervals, by one worker at a time) succeeds. Postgres holds
 * the pause, so every claim sees it.
 */
export function createPausing(options: PausingOptions): Pausing {
  const { db, gate, sender, persist, logger, tokenFingerprint } = options;
  const watch = createFailureWatch();

  async function pause(kind: 'outage' | 'token', reason: string, detail: string): Promise<void> {
    gate.pause(kind, HELD_AT_ONCE_MS);
    const began = await persist(() => pauseUntilProbed(db, { kind, reason, detail, tokenFingerprint }));
    if (!began) return;
    const todo =
      kind === 'token'
        ? 'Telegram refuses BOT_TOKEN: set the right one in .env and restart API and workers'
        : 'Telegram is away or the network is: nothing to do, deliveries resume by themselves';
    logger.error({ stage: 'paused', kind, reason, detail }, `Deliveries paused: ${todo}`);
  }

  async function pauseFor(throttled: Extract<AttemptOutcome, { outcome: 'throttled' }>): Promise<void> {
    const { reason, detail, retryAfterMs } = throttled;
    gate.pause('throttled', Math.min(retryAfterMs, THROTTLED_AT_ONCE_MS));
    if (!(await persist(() => pauseThrottled(db, throttled)))) return;
    logger.warn(
      { stage: 'paused', kind: 'throttled', reason, detail },
      `Deliveries paused: Telegram takes no message for ${retryAfterMs / 1_000} s`,
    );
  }

  async function resume(trial: Trial): Promise<void> {
    if (!(await persist(() => endThrottle(db, trial)))) return;
    logger.info({ stage: 'resumed', kind: 'throttled' }, 'Deliveries resumed: Telegram takes messages again');
  }

  const giveBack = (trial: Trial) => persist(() => giveBackTrial(db, trial));

  return {
    async afterAttempt(outcome, { telegramId, trial }) {
      const streak = watch.completesStreak(outcome, telegramId);
      if (outcome.outcome === 'throttled') {
        await pauseFor(outcome);
      } else if (outcome.outcome === 'unauthorized') {
        await pause('token', outcome.reason, outcome.detail);
      } else if (streak && 'reason' in outcome) {
        await pause('outage', outcome.reason, outcome.detail);
      }
      if (trial && outcome.outcome !== 'throttled')
        await (wasAsked(outcome) ? resume(trial) : giveBack(trial));
    },

    async pauseIfAway(outcome) {
      if (!('reason' in outcome) || !isInfrastructureFailure(outcome)) return false;
      const answer = await sender.probe();
      if (answer === null || !isInfrastructureFailure(classifyAnswer(answer))) return false;
      await pause('outage', outcome.reason, outcome.detail);
      return true;
    },

    isDueToOutage: (outcome, chatId) =>
      gate.wasOutageLately() && isInfrastructureFailure(outcome) && !watch.isChatsOwnFault(chatId),

    async probe() {
      const due = await takeProbe(db, tokenFingerprint);
      if (!due) return;
      const answer = await sender.probe();
      const outcome = answer && classifyAnswer(answer);
      // In an outage any answer of Telegram's is good news; a refused token needs a good one.
      if (outcome && (due.kind === 'token' || isInfrastructureFailure(outcome))) {
        logger.warn(
          { stage: 'paused', kind: due.kind, probes: due.probes, ...outcome },
          'Deliveries stay paused',
        );
        return;
      }
      if (await endPause(db, due.kind, due.tokenFingerprint)) {
        logger.info(
          { stage: 'resumed', kind: due.kind, since: due.since },
          'Deliveries resumed: Telegram answers again',
        );
      }
    },
  };
}
