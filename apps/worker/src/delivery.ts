import { randomUUID } from 'node:crypto';
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type Db,
  followMigratedChat,
  markReachable,
  type Settlement,
  settleUnreachable,
} from '@replybell/database';
import { type Logger, reasonOf, texts } from '@replybell/logger';
import {
  type AttemptOutcome,
  type ButtonOptions,
  classifyAnswer,
  type NotificationMessage,
  renderNotification,
  type Sender,
  toAnswer,
} from '@replybell/telegram';
import type { Persist } from './database-patience.ts';
import { AGAIN, type Ending } from './ending.ts';
import type { Gate } from './gate.ts';
import { logOutcome } from './outcome-log.ts';
import type { Pausing } from './pausing.ts';
import { outageDelayMs } from './retry-delay.ts';
import { type StageLogger, stageLogger } from './stage-logger.ts';
import { park, withdraw } from './unsendable.ts';
import { type Policy, type Verdict, verdictOf, wait } from './verdict.ts';
import { waitUntil } from './wait-until.ts';

/** One job, as far as the delivery is concerned. */
export type DeliveryJob = Omit<ClaimRequest, 'token'> & { jobId: string };

export type DeliveryContext = {
  db: Db;
  /** Claims and settles of jobs that run at the same time travel together. */
  claim(request: ClaimRequest): Promise<ClaimResult>;
  settle(settlement: Settlement): Promise<boolean>;
  /** Gives back a claim whose request never left. */
  release(claim: Claim): Promise<void>;
  persist: Persist;
  gate: Gate;
  pausing: Pausing;
  countAttempt(outcome: AttemptOutcome): void;
  sender: Sender;
  button: Omit<ButtonOptions, 'botUsername'>;
  policy: Policy;
  logger: Logger;
  /** The process is to stop: what has not been claimed goes back to the queue. */
  draining: AbortSignal;
};

/**
 * Delivers one notification: claim, render, send, settle. Whatever happens in between, Postgres is told, or the lease
 * tells it.
 */
export async function deliver(job: DeliveryJob, context: DeliveryContext): Promise<Ending> {
  const request: ClaimRequest = { ...job, token: randomUUID() };
  for (;;) {
    await context.gate.pass(context.draining).catch(() => {});
    if (context.draining.aborted) return AGAIN;

    const result = await context.persist(() => context.claim(request).catch(orRepeated(request)));
    switch (result.kind) {
      case 'claimed':
        return send(job, result.claim, context);
      case 'unlinked':
        return park(job, result, context);
      case 'muted':
        return withdraw(job, result, context);
      case 'not_due':
        return { kind: 'snooze', inMs: result.inMs };
      case 'stale':
        context.logger.debug({ jobId: job.jobId, status: result.status }, 'Nothing to do for this job');
        return { kind: 'done' };
      case 'on_trial':
        // Not a pause: the trial may be this process's own, and must begin.
        context.gate.close(result.inMs);
        break;
      case 'closed':
        if (result.pause) context.gate.pause(result.pause, result.inMs);
        else context.gate.close(result.inMs);
        // This worker's token is refused: another's may not be, so it keeps no jobs.
        if (result.pause === 'token') return AGAIN;
    }
  }
}

/** A claim may have been given although its answer was lost. */
const orRepeated = (request: ClaimRequest) => (error: unknown) => {
  request.isRepeated = true;
  throw error;
};

async function send(job: DeliveryJob, claim: Claim, context: DeliveryContext): Promise<Ending> {
  const log = stageLogger(context.logger, job.jobId, { ...claim, attempt: claim.fence });
  log.info(texts.prepare(claim.ticketId));
  log.info(texts.userFound(claim.userId));
  log.info(texts.userTelegramId(claim.telegramId));
  const message = await prepare(claim, context);

  await waitUntil(claim.slot.startsAtMs);
  if ('outcome' in message) return conclude(message, claim, log, context);
  if (context.gate.isPaused() || performance.now() > claim.slot.beginsByMs) {
    await context.release(claim);
    return AGAIN;
  }
  return conclude(await attempt(message, claim, log, context), claim, log, context);
}

/** Tells of what an attempt came to: the other deliveries, Postgres, the log, and the job. */
async function conclude(
  outcome: AttemptOutcome,
  claim: Claim,
  log: StageLogger,
  context: DeliveryContext,
): Promise<Ending> {
  const answeredAtMs = performance.now();
  context.countAttempt(outcome);
  // Neither waits for the other: while somebody holds a pause's row, an answer that is known must not become unknown.
  const [, ending] = await Promise.all([
    context.pausing.afterAttempt(outcome, claim),
    settle(claim, outcome, answeredAtMs, context),
  ]);
  logOutcome(log, claim, outcome, ending);
  // It may be sent again but twice: not into an outage that too few others have met to tell.
  const isWorthAsking =
    outcome.outcome === 'unknown' && !context.gate.isPaused() && !context.draining.aborted;
  if (isWorthAsking) await context.pausing.pauseIfAway(outcome);
  return ending;
}

/** The message, or why there is none. */
async function prepare(
  claim: Claim,
  { button, sender }: DeliveryContext,
): Promise<NotificationMessage | AttemptOutcome> {
  if (button.kind !== 'direct_link') return render(claim, button);
  try {
    return render(claim, { ...button, botUsername: await sender.botUsername() });
  } catch (error) {
    return beforeSending(classifyAnswer(toAnswer(error)));
  }
}

/** Exactly one call of `sendMessage`. */
async function attempt(
  message: NotificationMessage,
  claim: Claim,
  log: StageLogger,
  { sender }: DeliveryContext,
): Promise<AttemptOutcome> {
  log.info(texts.send(claim.telegramId, claim.ticketId));
  return classifyAnswer(await sender.send(message));
}

/** A message that can't be made is as final as one that Telegram refuses: an operator retries it when it is mended. */
function render(claim: Claim, button: ButtonOptions): NotificationMessage | AttemptOutcome {
  try {
    return renderNotification(claim, button);
  } catch (error) {
    return { outcome: 'rejected', reason: 'render_failed', detail: reasonOf(error) };
  }
}

/** Nobody was sent anything, so whatever came of a question that comes before the message, it uses up nothing. */
function beforeSending(outcome: AttemptOutcome): AttemptOutcome {
  if (outcome.outcome === 'sent' || outcome.outcome === 'throttled' || outcome.outcome === 'unauthorized') {
    return outcome;
  }
  return { outcome: 'retry', reason: 'no_connection', detail: outcome.detail };
}

async function settle(
  claim: Claim,
  outcome: AttemptOutcome,
  answeredAtMs: number,
  context: DeliveryContext,
): Promise<Ending> {
  const reading = { answeredAtMs, leastRoundTripMs: context.sender.leastRoundTripMs() };
  if (outcome.outcome === 'unreachable') {
    const { reason, detail } = outcome;
    const heldRetryInMs = outageDelayMs(claim.fence, Math.random());
    const parked = await context.persist(() =>
      settleUnreachable(context.db, { ...reading, claim, reason, detail, heldRetryInMs }),
    );
    if (parked === 'held') return { kind: 'snooze', inMs: heldRetryInMs };
    return parked === 'pending' ? AGAIN : { kind: 'done' };
  }
  if (outcome.outcome === 'retry' && outcome.migrateToChatId !== undefined) {
    const chat = { ...claim, migratedTo: outcome.migrateToChatId };
    await context.persist(() => followMigratedChat(context.db, chat));
  }
  const { ending, ...verdict } = await judge(claim, outcome, context);
  await context.persist(() =>
    context.settle({
      ...reading,
      claim,
      outcome: outcome.outcome,
      detail: outcome.outcome === 'sent' ? null : outcome.detail,
      telegramMessageId: outcome.outcome === 'sent' ? outcome.telegramMessageId : null,
      ...verdict,
    }),
  );
  if (outcome.outcome === 'sent' && claim.wasUnreachable) {
    // Beside the job: while somebody holds the user's row, others' deliveries go on.
    void context
      .persist(() => markReachable(context.db, claim.userId))
      .catch((error: unknown) => {
        context.logger.warn(
          { userId: claim.userId, reason: reasonOf(error) },
          'A user could not be noted as reachable',
        );
      });
  }
  return ending;
}

/**
 * An error of Telegram's uses up an attempt only if it isn't an outage: in an outage, and while it is not sure that it is
 * over, everything just waits.
 */
async function judge(
  claim: Claim,
  outcome: Exclude<AttemptOutcome, { outcome: 'unreachable' }>,
  context: DeliveryContext,
): Promise<Verdict> {
  const verdict = verdictOf(outcome, claim, context.policy, Math.random());
  if (outcome.outcome !== 'retry' || !verdict.counts) return verdict;
  const isOutage =
    context.pausing.isDueToOutage(outcome, claim.telegramId) ||
    (verdict.status === 'failed' && (await context.pausing.pauseIfAway(outcome)));
  return isOutage ? wait(outcome.reason, outageDelayMs(claim.fence, Math.random())) : verdict;
}
