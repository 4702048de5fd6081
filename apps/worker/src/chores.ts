import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@replybell/config';
import { type Db, ensureBotSlots, expireNotifications, mendClockStep, removeOld } from '@replybell/database';
import { createOutageLog, type Logger } from '@replybell/logger';
import type { Pausing } from './pausing.ts';
import { repeat } from './repeat.ts';

export type ChoreOptions = { db: Db; config: Config; pausing: Pausing; logger: Logger };

/** Rows that one statement may touch, so that none holds others up. */
const LIMIT = 500;
const EVERY_MS = 1_000;
const REMOVE_EVERY_MS = 10_000;
/** Between two rounds of removing what is old: deliveries come first. In milliseconds. */
const BREATH_MS = 20;

/**
 * Begins what must be looked after regularly, in any number of workers at once and each beside the others: probes of a
 * pause, the slots of the pace, expiry, and the removal of what is old.
 */
export function startChores({ db, config, pausing, logger }: ChoreOptions): { stop(): Promise<void> } {
  const outageOf = (failed: string) =>
    createOutageLog(logger, { failed: `${failed} now: tried again by itself` });

  async function keepPace(): Promise<void> {
    await ensureBotSlots(db, config.TELEGRAM_MESSAGES_PER_SECOND);
    if (!(await mendClockStep(db))) return;
    logger.warn(
      { stage: 'database' },
      "Postgres' clock was set back: what would have waited for it goes on now",
    );
  }

  async function expire(): Promise<void> {
    const expired = await expireNotifications(db, {
      ttlHours: config.NOTIFICATION_TTL_HOURS,
      parkedTtlDays: config.PARKED_TTL_DAYS,
      limit: LIMIT,
    });
    if (expired > 0) logger.warn({ expired }, 'Notifications expired: they had waited too long');
  }

  /** As fast as it comes to be old, however much it is. */
  async function remove(signal: AbortSignal): Promise<void> {
    const options = { retentionDays: config.RETENTION_DAYS, limit: LIMIT };
    while ((await removeOld(db, options)) >= LIMIT && !signal.aborted) await sleep(BREATH_MS);
  }

  const chores = [
    repeat(pausing.probe, { restMs: () => EVERY_MS, outage: outageOf('A pause can not be probed') }),
    repeat(keepPace, {
      restMs: () => EVERY_MS,
      outage: outageOf('The slots of the pace can not be looked after'),
    }),
    repeat(expire, {
      restMs: () => EVERY_MS,
      outage: outageOf('What has waited too long can not be ended'),
    }),
    repeat(remove, {
      restMs: () => REMOVE_EVERY_MS,
      outage: outageOf('What is old can not be removed'),
    }),
  ];
  return {
    async stop() {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}
