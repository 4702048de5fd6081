import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@replybell/config';
import {
  type Database,
  ensureBotSlots,
  expireNotifications,
  forgetIdempotencyKeys,
  forgetLinkTokens,
  forgetOldSignIns,
  forgetOldTokens,
  forgetQuietChats,
  forgetUpdates,
  removeFinalNotifications,
  removeOldAuditEntries,
} from '@replybell/database';
import { type Logger, reasonOf } from '@replybell/logger';
import type { Kysely } from 'kysely';
import type { Pausing } from './pausing.ts';

export type ChoreOptions = { db: Kysely<Database>; config: Config; pausing: Pausing; logger: Logger };

/** Rows that one statement may touch, so that none holds others up. */
const LIMIT = 500;
const CLEAN_EVERY_MS = 10_000;
/** Between two statements that remove what is old: deliveries come first. In milliseconds. */
const BREATH_MS = 20;

/**
 * What must be looked after regularly, in any number of workers at once: probes of a pause, the slots of the pace,
 * expiry; and now and then the removal of what is old.
 */
export function createChores({
  db,
  config,
  pausing,
  logger,
}: ChoreOptions): (signal: AbortSignal) => Promise<void> {
  let cleanedAtMs = Number.NEGATIVE_INFINITY;
  const probe = besides(pausing.probe, (error) =>
    logger.warn({ reason: reasonOf(error) }, 'A probe could not be made'),
  );
  const clean = besides(removeOld, (error) =>
    logger.warn({ reason: reasonOf(error) }, 'What is old could not be removed'),
  );

  /** As fast as it comes to be old, however much it is. */
  async function removeOld(signal: AbortSignal): Promise<void> {
    const removals = [
      () => forgetQuietChats(db, LIMIT),
      () => forgetIdempotencyKeys(db, LIMIT),
      () => forgetOldSignIns(db, LIMIT),
      () => removeOldAuditEntries(db, LIMIT),
      () => forgetLinkTokens(db, LIMIT),
      () => forgetUpdates(db, LIMIT),
      () => removeFinalNotifications(db, { days: config.RETENTION_DAYS, limit: LIMIT }),
    ];
    await forgetOldTokens(db);
    for (const remove of removals) {
      while (!signal.aborted && (await remove()) >= LIMIT) await sleep(BREATH_MS);
    }
  }

  return async (signal) => {
    probe(signal);
    await ensureBotSlots(db, config.TELEGRAM_MESSAGES_PER_SECOND);
    const expired = await expireNotifications(db, {
      ttlHours: config.NOTIFICATION_TTL_HOURS,
      parkedTtlDays: config.PARKED_TTL_DAYS,
      limit: LIMIT,
    });
    if (expired > 0) logger.warn({ expired }, 'Notifications expired: they had waited too long');

    if (performance.now() - cleanedAtMs < CLEAN_EVERY_MS) return;
    cleanedAtMs = performance.now();
    clean(signal);
  };
}

/** Work that may take long and goes on beside the rest, one at a time: called again meanwhile, it does nothing. */
function besides(
  work: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): (signal: AbortSignal) => void {
  let isWorking = false;
  return (signal) => {
    if (isWorking) return;
    isWorking = true;
    void work(signal)
      .catch(onError)
      .finally(() => {
        isWorking = false;
      });
  };
}
