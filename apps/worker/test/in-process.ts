import { ensureBotSlots } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createSender, type Sender } from '@replybell/telegram';
import { anyBackend, claimOptions } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Gate } from '../src/gate.ts';
import { createPausing, type Pausing } from '../src/pausing.ts';
import { BOT_TOKEN, type Harness, openHarness } from './harness.ts';

export const silent = createLogger({ name: 'worker', level: 'fatal', format: 'json', secrets: [] });
export const persist = <Result>(statement: () => Promise<Result>): Promise<Result> => statement();

export type InProcess = {
  harness: Harness;
  sender: Sender;
  /** Pauses as a worker does that has this gate. */
  createPausing(gate: Gate): Pausing;
};

/**
 * A worker's parts in the calling test file's own process, where a test can reach between them. Filled in before the first
 * test; each test begins with no pause, the whole pace, and a Bot API without faults.
 */
export function useInProcess(): InProcess {
  const parts = {
    createPausing: (gate: Gate) =>
      createPausing({
        db: parts.harness.db,
        gate,
        sender: parts.sender,
        persist,
        tokenFingerprint: claimOptions.tokenFingerprint,
        logger: silent,
      }),
  } as InProcess;
  beforeAll(async () => {
    parts.harness = await openHarness(anyBackend);
    const apiRoot = parts.harness.env['TELEGRAM_API_ROOT'] ?? '';
    parts.sender = createSender({ token: BOT_TOKEN, apiRoot, timeoutMs: 5_000, connections: 1 });
    await ensureBotSlots(parts.harness.db, 30);
  });
  beforeEach(async () => {
    await parts.harness.telegram.reset();
    await sql`delete from delivery_pauses`.execute(parts.harness.db);
    await sql`update bot_slots set free_at = now()`.execute(parts.harness.db);
  });
  afterAll(async () => {
    await parts.sender.close();
    await parts.harness.close();
  });
  return parts;
}
