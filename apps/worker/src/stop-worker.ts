import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '@replybell/database';
import type { Logger } from '@replybell/logger';
import type { NotificationQueue } from '@replybell/queue';
import type { Sender } from '@replybell/telegram';
import closeWithGrace from 'close-with-grace';
import type { Consumer } from './consumer.ts';
import type { Repeating } from './repeat.ts';
import type { Updates } from './updates/start-updates.ts';

type WorkerParts = {
  db: Db;
  queue: NotificationQueue;
  sender: Sender;
  health: Server | undefined;
  consumer: Consumer;
  relay: Repeating;
  chores: { stop(): Promise<void> };
  updates: Updates;
  stopListening: () => Promise<void>;
};

/** What may follow the last send: settling it, closing the queue and the database. Keep the sum below `kill_timeout`. */
const CLOSE_TIMEOUT_MS = 4_000;
/** How long what has nothing to finish may take to end, in milliseconds: Postgres or the queue may not answer. */
const GOODBYE_MS = 1_000;

type StopOptions = {
  /** Sends that take longer are broken off: their outcome is unknown, and that is settled. In milliseconds. */
  drainTimeoutMs: number;
  /** Aborted when nothing may be repeated any more. */
  exiting: AbortController;
  logger: Logger;
};

/** Stops the worker, and ends the process, when it is told to by a signal, or after an error that nobody has caught. */
export function stopOnSignal(parts: WorkerParts, options: StopOptions): void {
  const { drainTimeoutMs, logger } = options;
  closeWithGrace(
    {
      delay: drainTimeoutMs + CLOSE_TIMEOUT_MS,
      logger: false,
      onTimeout: (delayMs) => logger.error(`Not stopped after ${delayMs} ms: giving up`),
    },
    async ({ signal, err }) => {
      if (err) logger.fatal({ err }, 'The worker stops after an unexpected error');
      logger.info({ signal }, 'Worker stopping: finishing the sends that have begun');
      await stopWorker(parts, options);
      logger.info('Worker stopped');
    },
  );
}

/**
 * Finishes the sends that have begun, and takes nothing new from the first moment on. All end side by side, as each may wait
 * for something that is away.
 */
async function stopWorker(
  { db, queue, sender, health, consumer, relay, chores, updates, stopListening }: WorkerParts,
  { drainTimeoutMs, exiting }: StopOptions,
): Promise<void> {
  setTimeout(() => sender.close(), drainTimeoutMs).unref();
  setTimeout(() => exiting.abort(), drainTimeoutMs + CLOSE_TIMEOUT_MS / 2).unref();
  await Promise.all([
    consumer.stop(),
    within(drainTimeoutMs, updates.stop(drainTimeoutMs)),
    within(GOODBYE_MS, relay.stop()),
    within(GOODBYE_MS, chores.stop()),
    within(GOODBYE_MS, stopListening()),
  ]);
  health?.close();
  await sender.close();
  await Promise.all([within(GOODBYE_MS, queue.close()), within(GOODBYE_MS, db.destroy())]);
}

/** Waits so long at most: what hangs, or fails, ends with the process. */
async function within(ms: number, ending: Promise<unknown>): Promise<void> {
  await Promise.race([ending.catch(() => {}), sleep(ms)]);
}
