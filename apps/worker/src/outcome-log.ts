import type { Claim } from '@replybell/database';
import { texts } from '@replybell/logger';
import type { AttemptOutcome } from '@replybell/telegram';
import type { Ending } from './ending.ts';
import type { StageLogger } from './stage-logger.ts';

/** Writes what an attempt came to: a warning where it goes on by itself, an error where somebody has to look. */
export function logOutcome(log: StageLogger, claim: Claim, outcome: AttemptOutcome, ending: Ending): void {
  if (outcome.outcome === 'sent') {
    log.info(texts.sent(claim.telegramId, claim.ticketId), { telegramMessageId: outcome.telegramMessageId });
    return;
  }
  const willRetry = ending.kind === 'retry' || ending.kind === 'snooze';
  const level = willRetry || outcome.outcome === 'unreachable' ? 'warn' : 'error';
  log[level](texts.failed(outcome.detail), {
    outcome: outcome.outcome,
    reason: outcome.reason,
    retryInMs: willRetry ? ending.inMs : null,
  });
}
