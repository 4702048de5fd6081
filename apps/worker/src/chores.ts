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

/** Rows that one chore may touch at a time, so that none holds up the relay. */
const LIMIT = 500;
const CLEAN_EVERY_MS = 10_000;

/**
 * What must be looked after regularly, in any number of workers at once: probes of a pause, the slots of the pace,
 * expiry; and now and then the removal of what is old.
 */
export function createChores({ db, config, pausing, logger }: ChoreOptions): () => Promise<void> {
  let cleanedAtMs = Number.NEGATIVE_INFINITY;
  let probing: Promise<void> | undefined;

  return async () => {
    // A probe may take as long as a send: it goes on beside the others.
    if (!probing) {
      probing = pausing
        .probe()
        .catch((error) => logger.warn({ reason: reasonOf(error) }, 'A probe could not be made'))
        .finally(() => {
          probing = undefined;
        });
    }
    await ensureBotSlots(db, config.TELEGRAM_MESSAGES_PER_SECOND);
    const expired = await expireNotifications(db, {
      ttlHours: config.NOTIFICATION_TTL_HOURS,
      parkedTtlDays: config.PARKED_TTL_DAYS,
      limit: LIMIT,
    });
    if (expired > 0) logger.warn({ expired }, 'Notifications expired: they had waited too long');

    if (performance.now() - cleanedAtMs < CLEAN_EVERY_MS) return;
    cleanedAtMs = performance.now();
    await forgetQuietChats(db, LIMIT);
    await forgetOldTokens(db);
    await forgetIdempotencyKeys(db, LIMIT);
    await forgetOldSignIns(db, LIMIT);
    await removeOldAuditEntries(db, LIMIT);
    await forgetLinkTokens(db, LIMIT);
    await forgetUpdates(db, LIMIT);
    await removeFinalNotifications(db, { days: config.RETENTION_DAYS, limit: LIMIT });
  };
}
