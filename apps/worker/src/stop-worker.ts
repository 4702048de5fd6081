import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@replybell/database';
import type { NotificationQueue } from '@replybell/queue';
import type { Sender } from '@replybell/telegram';
import type { Kysely } from 'kysely';
import type { Consumer } from './consumer.ts';
import type { Relay } from './relay.ts';
import type { Updates } from './updates/start-updates.ts';

export type WorkerParts = {
  db: Kysely<Database>;
  queue: NotificationQueue;
  sender: Sender;
  health: Server | undefined;
  consumer: Consumer;
  relay: Relay;
  updates: Updates;
  stopListening: () => Promise<void>;
};

/** What may follow the last send: settling it, closing the queue and the database. In milliseconds. */
export const CLOSE_TIMEOUT_MS = 4_000;
/** How long what has nothing to finish may take to end, in milliseconds: Postgres or the queue may not answer. */
const GOODBYE_MS = 1_000;

/**
 * Finishes the sends that have begun, and takes nothing new from the first moment on. All end side by side, as each may wait
 * for something that is away.
 *
 * @param drainTimeoutMs sends that take longer are broken off: their outcome is unknown, and that is settled.
 * @param exiting aborts when nothing may be repeated any more.
 */
export async function stopWorker(
  { db, queue, sender, health, consumer, relay, updates, stopListening }: WorkerParts,
  { drainTimeoutMs, exiting }: { drainTimeoutMs: number; exiting: AbortController },
): Promise<void> {
  setTimeout(() => sender.close(), drainTimeoutMs).unref();
  setTimeout(() => exiting.abort(), drainTimeoutMs + CLOSE_TIMEOUT_MS / 2).unref();
  await Promise.all([
    consumer.stop(),
    within(drainTimeoutMs, updates.stop(drainTimeoutMs)),
    within(GOODBYE_MS, relay.stop()),
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
