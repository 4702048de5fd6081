import { sql } from 'kysely';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  askForProbes,
  type ClaimResult,
  endPause,
  endThrottle,
  findDirectPause,
  findPauses,
  listen,
  PAUSE_CHANNEL,
  pauseByOperator,
  pauseThrottled,
  pauseUntilProbed,
  removeOld,
  takeProbe,
} from '../src/index.ts';
import { takeTrial } from '../src/throttle.ts';
import {
  claim,
  createReply,
  release,
  replyTo,
  retry,
  settle,
  tryToClaim,
  useDatabaseWithSlots,
} from './fixtures.ts';

const database = await useDatabaseWithSlots();

beforeEach(async () => {
  await sql`delete from delivery_pauses`.execute(database.db);
});

const refuse = (tokenFingerprint: string) =>
  pauseUntilProbed(database.db, {
    kind: 'token',
    reason: 'bot_token_refused',
    detail: `Unauthorized ${tokenFingerprint}`,
    tokenFingerprint,
  });

const mayClaim = async (tokenFingerprint: string) => {
  const reply = await createReply(database.db);
  const [result] = await tryToClaim(database.db, [reply], { tokenFingerprint });
  return result?.kind === 'claimed';
};

const details = async () => (await findPauses(database.db)).map(({ detail }) => detail);

/** So long ago should the probes have gone out. */
const overdue = (interval: string) =>
  sql`update delivery_pauses set paused_until = now() - ${interval}::interval`.execute(database.db);

describe('pauses of two refused tokens', () => {
  it('begin, are probed and end each by itself', async () => {
    const { db } = database;
    expect([await refuse('old'), await refuse('new'), await refuse('old')]).toEqual([true, true, false]);
    expect(await details()).toEqual(['Unauthorized old', 'Unauthorized new']);

    await overdue('1 second');
    expect(await takeProbe(db, 'new')).toMatchObject({ tokenFingerprint: 'new', probes: 1 });
    expect(await takeProbe(db, 'new')).toBeUndefined();
    expect(await takeProbe(db, 'another')).toBeUndefined();

    expect(await endPause(db, 'token', 'new')).toBe(true);
    expect([await mayClaim('new'), await mayClaim('old')]).toEqual([true, false]);
    expect(await takeProbe(db, 'old')).toMatchObject({ tokenFingerprint: 'old', probes: 1 });
    expect(await details()).toEqual(['Unauthorized old']);
  });

  it('leave alone what holds for all: an outage is probed with any token', async () => {
    const { db } = database;
    await refuse('old');
    await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: 'old' });
    await overdue('1 second');
    expect(await takeProbe(db, 'new')).toMatchObject({ kind: 'outage' });
    expect(await endPause(db, 'outage')).toBe(true);
    expect([await mayClaim('new'), await mayClaim('old')]).toEqual([true, false]);
  });
});

it('an outage that ended lately begins again with the interval that it had reached, an older one anew', async () => {
  const { db } = database;
  const begin = async () => {
    await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: '' });
    const { rows } = await sql<{ probes: number; ms: number }>`
      select probes, (extract(epoch from paused_until - since) * 1000)::integer as ms from delivery_pauses`.execute(
      db,
    );
    return rows[0];
  };
  expect(await begin()).toEqual({ probes: 0, ms: 1_000 });
  await overdue('1 second');
  await takeProbe(db, 'any');
  await endPause(db, 'outage');
  expect(await begin()).toEqual({ probes: 1, ms: 2_000 });
  await sql`update delivery_pauses set ended_at = now() - interval '3 minutes'`.execute(db);
  expect(await begin()).toEqual({ probes: 0, ms: 1_000 });
});

it('an outage is probed each minute, however long it lasts', async () => {
  const { db } = database;
  await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: '' });
  await sql`update delivery_pauses set probes = 100000, paused_until = now()`.execute(db);
  const probe = await takeProbe(db, 'any');
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from paused_until - now()) * 1000)::integer as ms from delivery_pauses`.execute(db);
  expect(probe).toMatchObject({ probes: 100_001 });
  expect(rows[0]?.ms).toBeGreaterThan(30_000);
  expect(rows[0]?.ms).toBeLessThanOrEqual(60_000);
});

it('a message that is no notification waits for the pause that lasts longest, and for no operator’s', async () => {
  const { db } = database;
  const find = async () => (await findDirectPause(db, 'any'))?.kind;
  await pauseByOperator(db, 'by an owner');
  expect(await find()).toBeUndefined();
  await pauseThrottled(db, { reason: 'too_many_requests', detail: '', retryAfterMs: 60_000 });
  expect(await find()).toBe('throttled');
  // Nobody knows when it ends.
  await pauseUntilProbed(db, { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: '' });
  expect(await find()).toBe('outage');
});

it('pauses are told to the workers once, when they begin, with the token that they are for', async () => {
  const { db } = database;
  const told: string[] = [];
  await new Promise<void>((listening) => {
    const hear = (notice?: string) => (notice === undefined ? listening() : told.push(notice));
    onTestFinished(listen(database.url, { [PAUSE_CHANNEL]: hear }, () => {}));
  });
  const outage = { kind: 'outage', reason: 'no_answer', detail: '', tokenFingerprint: 'old' } as const;
  for (let round = 0; round < 3; round += 1) {
    await refuse('old');
    await pauseUntilProbed(db, outage);
  }
  await pauseByOperator(db, 'anna');
  await expect.poll(() => told).toContain('operator:');
  expect(told).toEqual(['token:old', 'outage:', 'operator:']);
});

describe('the pause of a token that was replaced', () => {
  it('holds for a worker that still has it, which is asked to probe at once', async () => {
    const { db } = database;
    await refuse('old');
    expect(await takeProbe(db, 'old')).toBeUndefined();
    await askForProbes(db, 'old');
    expect(await takeProbe(db, 'old')).toBeUndefined();
    await askForProbes(db, 'new');
    expect(await mayClaim('old')).toBe(false);
    expect(await takeProbe(db, 'old')).toMatchObject({ probes: 1 });
    expect(await details()).toEqual(['Unauthorized old']);
  });

  it('is not told any more when nobody probes it, and is forgotten later', async () => {
    const { db } = database;
    await refuse('old');
    await overdue('11 seconds');
    expect(await details()).toEqual([]);
    await removeOld(db, { retentionDays: 90, limit: 100 });
    expect(await mayClaim('old')).toBe(false);
    await overdue('3 minutes');
    await removeOld(db, { retentionDays: 90, limit: 100 });
    expect(await mayClaim('old')).toBe(true);
  });
});

describe('when the time that a 429 asked for has passed', () => {
  const throttle = (retryAfterMs: number) =>
    pauseThrottled(database.db, { retryAfterMs, reason: 'too_many_requests', detail: 'test' });

  const tryFive = async (options: { leaseMs?: number } = {}) => {
    const replies = await Promise.all(Array.from({ length: 5 }, () => createReply(database.db)));
    return () => tryToClaim(database.db, replies, options);
  };

  const claims = (results: ClaimResult[]) =>
    results.flatMap((result) => (result.kind === 'claimed' ? [result.claim] : []));

  /** The one claim of a trial. */
  const trialOf = (results: ClaimResult[]) => {
    const [claimed, ...others] = claims(results);
    if (!claimed?.trial || others.length > 0) throw new Error('Not one trial was claimed');
    return { ...claimed, trial: claimed.trial };
  };

  it('a pause that somebody has ended by hand does not come back with the next 429', async () => {
    const { db } = database;
    await throttle(86_400_000);
    await sql`update delivery_pauses set ended_at = now()`.execute(db);
    expect(await mayClaim('any')).toBe(true);
    await throttle(2_000);
    const [pause] = await findPauses(db);
    const leftMs = (pause?.pausedUntil?.getTime() ?? 0) - (pause?.since.getTime() ?? 0);
    expect(leftMs).toBe(2_000);
  });

  it('has not passed any sooner because a shorter 429 came meanwhile', async () => {
    const { db } = database;
    await throttle(60_000);
    const before = await findPauses(db);
    await throttle(2_000);
    expect(await findPauses(db)).toEqual(before);
  });

  it('is tried by nobody who had found it so just before another 429', async () => {
    await throttle(60_000);
    await overdue('1 millisecond');
    await throttle(60_000);
    expect(await takeTrial(database.db, 1_000)).toBeUndefined();
  });

  it('lets one notification through for all workers, and the others after its answer', async () => {
    const { db } = database;
    const workers = await Promise.all([tryFive(), tryFive(), tryFive()]);
    await throttle(60_000);
    expect(await workers[0]()).toMatchObject(Array(5).fill({ kind: 'closed', pause: 'throttled' }));
    await overdue('1 millisecond');

    const results = (await Promise.all(workers.map((work) => work()))).flat();
    const { trial } = trialOf(results);
    expect(results.filter(({ kind }) => kind === 'on_trial')).toHaveLength(14);
    expect(claims(await workers[1]())).toHaveLength(0);
    expect(await findPauses(db)).toMatchObject([{ kind: 'throttled' }]);

    expect(await endThrottle(db, trial)).toBe(true);
    expect(await endThrottle(db, trial)).toBe(false);
    expect(await findPauses(db)).toEqual([]);
    expect(claims(await workers[1]()).length).toBeGreaterThanOrEqual(4);
  });

  it('is paused again by another 429, which the answer to an older trial does not end', async () => {
    const { db } = database;
    const work = await tryFive();
    await throttle(60_000);
    await overdue('1 millisecond');
    const older = trialOf(await work());
    await throttle(60_000);
    await endThrottle(db, older.trial);
    expect(claims(await work())).toHaveLength(0);
    await overdue('1 millisecond');
    expect(trialOf(await work()).trial).not.toBe(older.trial);
  });

  it('tries again after a trial that came to nothing: given back, or never answered', async () => {
    const { db } = database;
    const work = await tryFive({ leaseMs: 500 });
    await throttle(60_000);
    await overdue('1 millisecond');
    await release(db, trialOf(await work()));
    expect(claims(await work())).toHaveLength(1);
    await expect.poll(async () => claims(await work()).length).toBe(1);
  });

  it('heeds no worker that wakes up after its trial has run out and another is under way', async () => {
    const { db } = database;
    const work = await tryFive({ leaseMs: 0 });
    await throttle(60_000);
    await overdue('1 millisecond');
    const frozen = trialOf(await work());
    const running = trialOf(await (await tryFive())());
    await release(db, frozen);
    await endThrottle(db, frozen.trial);
    expect(claims(await work())).toHaveLength(0);
    await endThrottle(db, running.trial);
    expect(claims(await work()).length).toBeGreaterThan(1);
  });

  it('takes what was not refused before', async () => {
    const { db } = database;
    const refused = await createReply(db);
    await settle(db, { ...retry(await claim(db, refused), 0), outcome: 'throttled' });
    const fresh = await createReply(db);
    await throttle(60_000);
    await overdue('1 millisecond');
    expect(claims(await tryToClaim(db, [refused, fresh]))).toMatchObject([
      { notificationId: fresh.notificationId },
    ]);
  });

  it('tries with one whose chat is free, not with one that waits for its chat', async () => {
    const { db } = database;
    const options = { chatIntervalMs: 1_000 };
    const held = await createReply(db);
    await claim(db, held, options);
    const waiting = await replyTo(db, held.ticketId);
    const free = await createReply(db);
    await throttle(60_000);
    await overdue('1 millisecond');
    expect(await tryToClaim(db, [waiting, free], options)).toMatchObject([
      { kind: 'not_due', inMs: 1_000 },
      { kind: 'claimed', claim: { notificationId: free.notificationId } },
    ]);
  });

  it('leaves it to others when one can not be tried at this moment', async () => {
    const { db } = database;
    const [held, free] = [await createReply(db), await createReply(db)];
    await throttle(60_000);
    await overdue('1 millisecond');
    await db.transaction().execute(async (trx) => {
      await sql`select from notifications where id = ${held.notificationId} for update`.execute(trx);
      expect(await tryToClaim(db, [held, free])).toMatchObject([{ kind: 'not_due' }, { kind: 'on_trial' }]);
      expect(claims(await tryToClaim(db, [free]))).toHaveLength(1);
    });
  });

  it('does not try while an operator has paused', async () => {
    const { db } = database;
    const work = await tryFive();
    await throttle(60_000);
    await overdue('1 millisecond');
    await pauseByOperator(db, 'anna');
    expect(await work()).toMatchObject(Array(5).fill({ kind: 'closed', pause: 'operator' }));
    await endPause(db, 'operator');
    expect(claims(await work())).toHaveLength(1);
  });
});
