import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, reasonOf } from '@replybell/logger';
import { type Answer, classifyAnswer, type Update, type UpdateSource } from '@replybell/telegram';

export type PollingOptions = {
  source: UpdateSource;
  /** Does what the update asks for. What it throws is logged, and the next one follows. */
  handle: (update: Update) => Promise<unknown>;
  logger: Logger;
};

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** Each poll of ours ends the other program's: the longer the two go on, the less we disturb it. */
const LONGEST_CONFLICT_WAIT_MS = 300_000;

/**
 * Gets updates and handles them in their order, until the signal aborts. An update is confirmed to Telegram, by the offset of
 * the next poll, only after it was handled: whoever polls next gets the others again.
 */
export async function pollUpdates(options: PollingOptions, signal: AbortSignal): Promise<void> {
  const { source, logger } = options;
  const tell = createTeller(logger);
  let offset = 0;
  let failures = 0;
  while (!signal.aborted) {
    // After a failure a short poll tells soon whether it is over.
    const polled = await source.next(offset, { wait: failures === 0, signal });
    if (polled.kind === 'updates') {
      failures = 0;
      tell(undefined);
      offset = await handleAll(polled.updates, offset, options, signal);
    } else if (!signal.aborted) {
      tell(polled.answer);
      await sleep(waitMs(polled.answer, failures), undefined, { signal }).catch(() => {});
      failures += 1;
    }
  }
}

/** @returns the offset that confirms what was handled. */
async function handleAll(
  updates: Update[],
  offset: number,
  { handle, logger }: PollingOptions,
  signal: AbortSignal,
): Promise<number> {
  let confirmed = offset;
  for (const update of updates) {
    if (signal.aborted) break;
    try {
      await handle(update);
    } catch (error) {
      if (signal.aborted) break;
      // One update that nobody can handle must not keep the others from being handled.
      const updateId = update.update_id;
      logger.error({ stage: 'update', updateId, reason: reasonOf(error) }, 'An update could not be handled');
    }
    confirmed = update.update_id + 1;
  }
  return confirmed;
}

const isTakenElsewhere = (answer: Answer) => answer.kind === 'refused' && answer.errorCode === 409;

function waitMs(answer: Answer, failures: number): number {
  const outcome = classifyAnswer(answer);
  if (outcome.outcome === 'throttled') return outcome.retryAfterMs;
  const longest = isTakenElsewhere(answer) ? LONGEST_CONFLICT_WAIT_MS : LONGEST_WAIT_MS;
  return Math.min(longest, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
}

/** Logs what keeps updates from coming when it begins or changes, and its end. */
function createTeller(logger: Logger): (failure: Answer | undefined) => void {
  let told: string | undefined;
  return (failure) => {
    if (!failure) {
      if (told !== undefined) logger.info({ stage: 'update' }, "The bot's updates come again");
      told = undefined;
      return;
    }
    const { outcome, ...facts } = { reason: '', detail: '', ...classifyAnswer(failure) };
    const todo = isTakenElsewhere(failure) ? conflictAdvice(facts.detail) : adviceFor(outcome);
    if (todo === told) return;
    told = todo;
    logger.warn({ stage: 'update', outcome, ...facts }, `The bot's updates can not be polled: ${todo}`);
  };
}

function conflictAdvice(detail: string): string {
  return /webhook/i.test(detail)
    ? 'a webhook is set. Remove it by `npm run webhook -- delete`, or set TELEGRAM_UPDATES=webhook, or off if it is not ours'
    : "another program polls for this bot's updates. Stop it, or set TELEGRAM_UPDATES=off";
}

function adviceFor(outcome: ReturnType<typeof classifyAnswer>['outcome']): string {
  return outcome === 'unauthorized'
    ? 'Telegram refuses BOT_TOKEN. Set the right one in .env and restart API and workers'
    : 'Telegram is away or the network is. Nothing to do, it is tried again';
}
