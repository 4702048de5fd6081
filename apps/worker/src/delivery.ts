import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type Database,
  parkUnlinked,
  releaseClaim,
  type Settlement,
  settleUnreachable,
  updateTelegramId,
} from '@replybell/database';
import { type Logger, texts } from '@replybell/logger';
import {
  type AttemptOutcome,
  type ButtonOptions,
  classifyAnswer,
  renderNotification,
  type Sender,
  toAnswer,
} from '@replybell/telegram';
import type { Kysely } from 'kysely';
import type { Ending } from './ending.ts';
import { decide, type Policy } from './verdict.ts';

/** One job, as far as the delivery is concerned. */
export type DeliveryJob = ClaimRequest & { jobId: string };

export type DeliveryContext = {
  db: Kysely<Database>;
  /** Claims and settles of jobs that run at the same time travel together. */
  claim(request: ClaimRequest): Promise<ClaimResult>;
  settle(settlement: Settlement): Promise<boolean>;
  /** Repeats a statement while Postgres is away. */
  persist<Result>(statement: () => Promise<Result>): Promise<Result>;
  sender: Sender;
  button: Omit<ButtonOptions, 'botUsername'>;
  policy: Policy;
  logger: Logger;
};

/** A send begins so soon after its claim or not at all: the lease must outlast the send. */
const CLAIM_TO_SEND_MS = 2_000;

/**
 * Delivers one notification: claim, render, send, settle. Whatever happens in between, Postgres is told, or the lease
 * tells it.
 */
export async function deliver(job: DeliveryJob, context: DeliveryContext): Promise<Ending> {
  let claimedAtMs = 0;
  const result = await context.persist(() => {
    claimedAtMs = performance.now();
    return context.claim(job);
  });
  switch (result.kind) {
    case 'claimed':
      return send(job, result.claim, claimedAtMs + CLAIM_TO_SEND_MS, context);
    case 'unlinked':
      return park(job, result, context);
    case 'not_due':
      return { kind: 'snooze', inMs: result.inMs };
    case 'stale':
      context.logger.debug({ jobId: job.jobId, status: result.status }, 'Nothing to do for this job');
      return { kind: 'done' };
  }
}

async function send(
  job: DeliveryJob,
  claim: Claim,
  sendBeforeMs: number,
  context: DeliveryContext,
): Promise<Ending> {
  const log = stageLogger(job, { ...claim, attempt: claim.claim }, context.logger);
  log.info(texts.prepare(claim.ticketId));
  log.info(texts.userFound(true, claim.userId));
  log.info(texts.userTelegramId(claim.telegramId));

  if (performance.now() > sendBeforeMs) {
    await context.persist(() => releaseClaim(context.db, claim));
    return { kind: 'snooze', inMs: 0 };
  }
  const outcome = await attempt(claim, log, context);
  const ending = await settle(claim, outcome, context);
  logOutcome(log, claim, outcome, ending);
  return ending;
}

/** Renders and sends. Exactly one call of `sendMessage`, or none if the message can't be made. */
async function attempt(claim: Claim, log: StageLogger, context: DeliveryContext): Promise<AttemptOutcome> {
  let botUsername: string | undefined;
  if (context.button.kind === 'direct_link') {
    try {
      botUsername = await context.sender.botUsername();
    } catch (error) {
      return beforeSending(classifyAnswer(toAnswer(error)));
    }
  }
  const message = renderNotification(claim, { ...context.button, botUsername });
  log.info(texts.send(claim.telegramId, claim.ticketId));
  return classifyAnswer(await context.sender.send(message));
}

/** Nobody was sent anything yet, so a lost answer leaves nothing unknown. */
const beforeSending = (outcome: AttemptOutcome): AttemptOutcome =>
  outcome.outcome === 'unknown' ? { ...outcome, outcome: 'retry' } : outcome;

async function settle(claim: Claim, outcome: AttemptOutcome, context: DeliveryContext): Promise<Ending> {
  if (outcome.outcome === 'unreachable') {
    const parked = await context.persist(() => settleUnreachable(context.db, { ...claim, ...outcome }));
    return parked === 'pending' ? { kind: 'snooze', inMs: 0 } : { kind: 'done' };
  }
  if (outcome.outcome === 'retry' && outcome.migrateToChatId !== undefined) {
    const { migrateToChatId } = outcome;
    await context.persist(() => updateTelegramId(context.db, claim.userId, migrateToChatId));
  }
  const { ending, ...verdict } = decide(outcome, claim, context.policy, Math.random());
  await context.persist(() =>
    context.settle({
      notificationId: claim.notificationId,
      claim: claim.claim,
      outcome: outcome.outcome,
      detail: outcome.outcome === 'sent' ? null : outcome.detail,
      telegramMessageId: outcome.outcome === 'sent' ? outcome.telegramMessageId : null,
      ...verdict,
    }),
  );
  return ending;
}

async function park(
  job: DeliveryJob,
  unlinked: Extract<ClaimResult, { kind: 'unlinked' }>,
  context: DeliveryContext,
): Promise<Ending> {
  const parked = await context.persist(() => parkUnlinked(context.db, { ...unlinked, epoch: job.epoch }));
  if (parked === 'pending') return { kind: 'snooze', inMs: 0 };

  const log = stageLogger(job, { ...unlinked, attempt: unlinked.claim + 1 }, context.logger);
  log.info(texts.prepare(unlinked.ticketId));
  log.info(texts.userFound(true, unlinked.userId));
  log.warn(texts.userTelegramId(null), {
    action: `Parked. It is sent as soon as users.telegram_id of user ${unlinked.userId} is set.`,
  });
  return { kind: 'done' };
}

function logOutcome(log: StageLogger, claim: Claim, outcome: AttemptOutcome, ending: Ending): void {
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

type StageText = { stage: string; text: string };
type StageLogger = Record<'info' | 'warn' | 'error', (text: StageText, fields?: object) => void>;

/** Writes the fixed texts with the fields that every line about a notification carries. */
function stageLogger(
  job: DeliveryJob,
  about: { notificationId: number; ticketId: number; requestId: string | null; attempt: number },
  logger: Logger,
): StageLogger {
  const fields = {
    notificationId: String(about.notificationId),
    ticketId: about.ticketId,
    jobId: job.jobId,
    attempt: about.attempt,
    requestId: about.requestId,
  };
  const write =
    (level: 'info' | 'warn' | 'error') =>
    ({ stage, text }: StageText, more: object = {}) =>
      logger[level]({ stage, ...fields, ...more }, text);
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
