import { type Db, parkUnlinked, type Refusal, withdrawMuted } from '@replybell/database';
import { type Logger, texts } from '@replybell/logger';
import type { Persist } from './database-patience.ts';
import { AGAIN, type Ending } from './ending.ts';
import { stageLogger } from './stage-logger.ts';

type Unsendable = Extract<Refusal, { userId: number }>;
type Context = { db: Db; persist: Persist; logger: Logger };

/** How soon it is tried again to park what somebody's open transaction keeps from it, in milliseconds. */
const HELD_RETRY_MS = 5_000;

/** Parks the notification of a user who has no telegram_id, until they have one. */
export async function park(
  job: { jobId: string; epoch: number },
  unlinked: Unsendable,
  { db, persist, logger }: Context,
): Promise<Ending> {
  const parked = await persist(() => parkUnlinked(db, { ...unlinked, epoch: job.epoch }));
  if (parked === 'pending') return AGAIN;
  if (parked === 'held') return { kind: 'snooze', inMs: HELD_RETRY_MS };
  if (parked === 'stale') return { kind: 'done' };

  const log = stageLogger(logger, job.jobId, { ...unlinked, attempt: unlinked.claims + 1 });
  log.info(texts.prepare(unlinked.ticketId));
  log.info(texts.userFound(unlinked.userId));
  log.warn(texts.userTelegramId(null), {
    action: `Parked. It is sent as soon as users.telegram_id of user ${unlinked.userId} is set.`,
  });
  return { kind: 'done' };
}

/** Withdraws the notification, and all others that wait, of a user who wants no messages. */
export async function withdraw(
  job: { jobId: string },
  muted: Unsendable,
  { db, persist, logger }: Context,
): Promise<Ending> {
  const withdrawn = await persist(() => withdrawMuted(db, muted.userId, muted.notificationId));
  if (withdrawn === 0) return { kind: 'done' };
  const log = stageLogger(logger, job.jobId, { ...muted, attempt: muted.claims + 1 });
  log.info(texts.prepare(muted.ticketId));
  log.info(texts.userFound(muted.userId), { action: 'Withdrawn: the user wants no messages.' });
  return { kind: 'done' };
}
