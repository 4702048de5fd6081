import {
  type Claim,
  claimNotifications,
  createSettler,
  findNotification,
  pauseUntilProbed,
  releaseClaim,
} from '@replybell/database';
import { claimOptions } from '@replybell/testing';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { type DeliveryContext, deliver } from '../src/delivery.ts';
import { AGAIN } from '../src/ending.ts';
import { createGate, type Gate } from '../src/gate.ts';
import { persist, silent, useInProcess } from './in-process.ts';

const parts = useInProcess();

/** @param afterClaim what a claim that was given is made of before anything else happens with it. */
function openContext(gate: Gate, afterClaim = (claim: Claim) => claim): DeliveryContext {
  const { sender, harness } = parts;
  const { db } = harness;
  return {
    db,
    async claim(request) {
      const [result] = await claimNotifications(db, [request], claimOptions);
      if (!result) throw new Error('A claim has no result');
      return result.kind === 'claimed' ? { kind: 'claimed', claim: afterClaim(result.claim) } : result;
    },
    settle: createSettler(db, claimOptions.chatIntervalMs),
    release: (claim) => releaseClaim(db, claim, claimOptions.leaseMs),
    persist,
    gate,
    pausing: parts.createPausing(gate),
    countAttempt: () => {},
    sender,
    button: { webAppUrl: 'https://app.example.com', kind: 'web_app', shortName: undefined },
    policy: { attempts: 8, unknownOutcome: 'resend' },
    logger: silent,
    draining: new AbortController().signal,
  };
}

async function createJob() {
  const { notificationId } = await parts.harness.reply({ enqueue: false });
  const job = { notificationId, epoch: 1, run: 0, jobId: `n-${notificationId}-1` };
  return { job, find: () => findNotification(parts.harness.db, notificationId) };
}

async function begin(meanwhile: (claim: Claim, gate: Gate) => Claim) {
  const { job, find } = await createJob();
  const gate = createGate();
  const ending = await deliver(
    job,
    openContext(gate, (claim) => meanwhile(claim, gate)),
  );
  return { job, ending, find };
}

async function slotsTaken() {
  const { rows } = await sql`select from bot_slots where free_at > now() + interval '2 seconds'`.execute(
    parts.harness.db,
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
    expect((await parts.harness.telegram.stats()).requests).not.toHaveProperty('sendMessage');
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

it('a claim whose answer was lost is asked for again, and sent once', async () => {
  const { job, find } = await createJob();
  const context = openContext(createGate());
  const lost = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
  let asked = 0;
  const ending = await deliver(job, {
    ...context,
    persist: (statement) => statement().catch(statement),
    async claim(request) {
      const result = await context.claim(request);
      asked += 1;
      if (asked === 1) throw lost;
      return result;
    },
  });
  expect(ending).toEqual({ kind: 'done' });
  expect(asked).toBe(2);
  expect(await find()).toMatchObject({ status: 'sent', timeline: [{ outcome: 'sent' }] });
  expect(await parts.harness.telegram.ledger()).toHaveLength(1);
});

it('a job that is refused as its worker’s token is, goes back at once: another’s may not be', async () => {
  const { db } = parts.harness;
  const { job, find } = await createJob();
  const pause = { reason: 'bot_token_refused', detail: '', tokenFingerprint: 'test' };
  await pauseUntilProbed(db, { kind: 'token', ...pause });
  const gate = createGate();
  expect(await deliver(job, openContext(gate))).toEqual(AGAIN);
  expect(gate.isPaused()).toBe(true);
  expect(await find()).toMatchObject({ status: 'pending', timeline: [] });
});

it('a job that waits when the process is to stop goes back at once, and is not claimed', async () => {
  const { job, find } = await createJob();
  const stopping = new AbortController();
  const gate = createGate();
  gate.close(60_000);
  const ending = deliver(job, { ...openContext(gate), draining: stopping.signal });
  stopping.abort();
  expect(await ending).toEqual(AGAIN);
  expect(await find()).toMatchObject({ status: 'pending', timeline: [] });
  expect((await parts.harness.telegram.stats()).requests).not.toHaveProperty('sendMessage');
});

describe('an error of Telegram’s that would be the last attempt', () => {
  const failAtLast = async (setUp: (gate: Gate) => Promise<unknown>) => {
    const { job, find } = await createJob();
    await sql`update notifications set retries = 7 where id = ${job.notificationId}`.execute(
      parts.harness.db,
    );
    const answer = { errorCode: 500, description: 'Internal Server Error' };
    await parts.harness.telegram.addFault({ kind: 'answer', ...answer });
    const gate = createGate();
    await setUp(gate);
    const { kind } = await deliver(job, openContext(gate));
    return [kind, (await find())?.status];
  };

  it('uses it up while Telegram answers', async () => {
    expect(await failAtLast(async () => {})).toEqual(['cancel', 'failed']);
  });

  it('uses up nothing if Telegram turns out to be away', async () => {
    const away = { kind: 'html502', method: 'getMe' } as const;
    expect(await failAtLast(() => parts.harness.telegram.addFault(away))).toEqual(['snooze', 'pending']);
  });

  it('uses up nothing shortly after an outage', async () => {
    expect(await failAtLast(async (gate) => gate.pause('outage', 0))).toEqual(['snooze', 'pending']);
  });
});
