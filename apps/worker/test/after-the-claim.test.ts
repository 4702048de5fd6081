import {
  type Claim,
  claimNotifications,
  createServerClock,
  createSettler,
  ensureBotSlots,
  findNotification,
  leaseMsFor,
  releaseClaim,
} from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createSender, type Sender } from '@replybell/telegram';
import { anyBackend } from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type DeliveryContext, deliver } from '../src/delivery.ts';
import { AGAIN } from '../src/ending.ts';
import { createGate, type Gate } from '../src/gate.ts';
import { createPausing } from '../src/pausing.ts';
import { BOT_TOKEN, type Harness, openHarness } from './harness.ts';

const TIMEOUT_MS = 5_000;
const logger = createLogger({ name: 'worker', level: 'fatal', format: 'json', secrets: [] });

let harness: Harness;
let sender: Sender;
beforeAll(async () => {
  harness = await openHarness(anyBackend);
  const apiRoot = harness.env['TELEGRAM_API_ROOT'] ?? '';
  sender = createSender({ token: BOT_TOKEN, apiRoot, timeoutMs: TIMEOUT_MS, connections: 1 });
  await ensureBotSlots(harness.db, 30);
});
afterAll(async () => {
  await sender.close();
  await harness.close();
});
beforeEach(async () => {
  await harness.telegram.reset();
  await sql`update bot_slots set free_at = now()`.execute(harness.db);
});

/** @param afterClaim what a claim that was given is made of before anything else happens with it. */
function openContext(gate: Gate, afterClaim: (claim: Claim) => Claim): DeliveryContext {
  const { db } = harness;
  const claimOptions = {
    leaseMs: leaseMsFor(TIMEOUT_MS),
    spacingMs: 0,
    chatIntervalMs: 0,
    folding: false,
    ttlHours: 72,
    tokenFingerprint: 'test',
    clock: createServerClock(),
  };
  const persist = <Result>(statement: () => Promise<Result>) => statement();
  return {
    db,
    async claim(request) {
      const [result] = await claimNotifications(db, [request], claimOptions);
      if (result?.kind !== 'claimed') throw new Error(`Not claimed: ${JSON.stringify(result)}`);
      return { kind: 'claimed', claim: afterClaim(result.claim) };
    },
    settle: createSettler(db, claimOptions.chatIntervalMs),
    release: (claim) => releaseClaim(db, claim, claimOptions.leaseMs),
    persist,
    gate,
    pausing: createPausing({ db, gate, sender, persist, tokenFingerprint: 'test', logger }),
    countAttempt: () => {},
    sender,
    button: { webAppUrl: 'https://app.example.com', kind: 'web_app', shortName: undefined },
    policy: { attempts: 8, unknownOutcome: 'resend' },
    logger,
    draining: new AbortController().signal,
  };
}

async function begin(meanwhile: (claim: Claim, gate: Gate) => Claim) {
  const { notificationId } = await harness.reply({ enqueue: false });
  const job = { notificationId, epoch: 1, run: 0, jobId: `n-${notificationId}-1` };
  const gate = createGate();
  const ending = await deliver(
    job,
    openContext(gate, (claim) => meanwhile(claim, gate)),
  );
  return { job, ending, find: () => findNotification(harness.db, notificationId) };
}

async function slotsTaken() {
  const { rows } = await sql`select from bot_slots where free_at > now() + interval '2 seconds'`.execute(
    harness.db,
  );
  return rows.length;
}

it.each<[string, (claim: Claim, gate: Gate) => Claim]>([
  [
    'a pause is told in the same moment as its claim is given',
    (claim, gate) => {
      setImmediate(() => gate.pause('operator', 60_000));
      return claim;
    },
  ],
  [
    'it comes too late for its lease',
    (claim) => ({ ...claim, slot: { ...claim.slot, beginsByMs: performance.now() - 1 } }),
  ],
])(
  'a send does not begin, its attempt has not happened and its slot is free, if %s',
  async (_what, meanwhile) => {
    const { job, ending, find } = await begin(meanwhile);
    expect(ending).toEqual(AGAIN);
    expect(await find()).toMatchObject({ status: 'pending', attempts: 0, timeline: [] });
    expect((await harness.telegram.stats()).requests).not.toHaveProperty('sendMessage');
    expect(await slotsTaken()).toBe(0);

    const afterwards = openContext(createGate(), (claim) => {
      expect(claim).toMatchObject({ retries: 0, unknowns: 0 });
      return claim;
    });
    expect(await deliver(job, afterwards)).toEqual({ kind: 'done' });
    expect(await find()).toMatchObject({ status: 'sent', timeline: [{ outcome: 'sent' }] });
  },
);

it('a send begins that has its slot, though nothing else may be claimed for a while', async () => {
  const { ending, find } = await begin((claim, gate) => {
    gate.close(60_000);
    return claim;
  });
  expect(ending).toEqual({ kind: 'done' });
  expect(await find()).toMatchObject({ status: 'sent' });
});
