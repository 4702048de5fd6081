import { randomUUID } from 'node:crypto';
import {
  claimNotifications,
  countBacklog,
  createServerClock,
  type Db,
  ensureBotSlots,
  expireNotifications,
  findOverdue,
  renewEpochs,
  type Settlement,
  settleNotifications,
  takeBackClaims,
} from '@replybell/database';
import { sql } from 'kysely';
import type { Arena } from './arena.ts';
import { explain, type Plan, requireIndex } from './plans.ts';

const BATCH = 50;
const LIMIT = 500;
/** Far more than are taken, so that none has to be waited for. */
const SLOTS = 10_000;
const claimOptions = {
  spacingMs: 0,
  clock: createServerClock(),
  leaseMs: 21_000,
  chatIntervalMs: 0,
  folding: true,
  ttlHours: 72,
  tokenFingerprint: 'bench',
};

/** Statements that one function runs; the last ones are explained, each by its name and the index that it must use. */
type Subject = {
  names: string[];
  indexes: string[];
  run: (db: Db) => Promise<unknown>;
};

const subjects: Subject[] = [
  {
    names: [`The relay's ${LIMIT} oldest overdue`],
    indexes: ['notifications_due'],
    run: (db) => findOverdue(db, { graceMs: 2_000, limit: LIMIT }),
  },
  {
    names: [`The relay's new epochs for ${LIMIT}`],
    indexes: ['notifications_pkey'],
    run: async (db) => renewEpochs(db, (await findOverdue(db, { graceMs: 0, limit: LIMIT })).keys),
  },
  {
    names: ['Leases that ran out'],
    indexes: ['notifications_lease'],
    run: (db) => takeBackClaims(db, { policy: 'resend', limit: LIMIT }),
  },
  {
    names: ['Expiry of what is pending', 'Expiry of what is parked'],
    indexes: ['notifications_due', 'notifications_parked_since'],
    run: (db) => expireNotifications(db, { ttlHours: 72, parkedTtlDays: 30, limit: LIMIT }),
  },
  {
    names: [`Claim of ${BATCH}`, `Settle of ${BATCH}`],
    indexes: ['notifications_pkey', 'notifications_pkey'],
    run: claimAndSettle,
  },
  // All that is pending is counted, so this one grows with the backlog.
  { names: ['The backlog as the API tells it'], indexes: [''], run: countBacklog },
];

/**
 * Explains the statements that the engine runs again and again on the arena's backlog.
 *
 * @throws if one of them reads all notifications or isn't on its index.
 */
export async function enginePlans({ databaseUrl, db }: Arena): Promise<{ name: string; plan: Plan }[]> {
  await ensureBotSlots(db, SLOTS);
  await sql`update bot_slots set free_at = now()`.execute(db);
  const explained: { name: string; plan: Plan }[] = [];
  for (const { names, indexes, run } of subjects) {
    const plans = (await explain(databaseUrl, run)).slice(-names.length);
    plans.forEach((plan, place) => {
      const name = names[place] ?? '';
      requireIndex(name, plan, indexes[place] ?? '');
      explained.push({ name, plan });
    });
  }
  return explained;
}

/** What is claimed goes back to wait, due at once. */
async function claimAndSettle(db: Db): Promise<void> {
  const { keys } = await findOverdue(db, { graceMs: 0, limit: BATCH });
  const requests = keys.map((key) => ({ ...key, run: 0, token: randomUUID() }));
  const results = await claimNotifications(db, requests, claimOptions);
  const claims = results.flatMap((result) => (result.kind === 'claimed' ? [result.claim] : []));
  const settlements = claims.map(
    (claim): Settlement => ({
      claim,
      outcome: 'throttled',
      status: 'pending',
      reason: 'bench',
      detail: null,
      retryInMs: 0,
      counts: false,
      telegramMessageId: null,
      answeredAtMs: performance.now(),
      leastRoundTripMs: 0,
    }),
  );
  await settleNotifications(db, settlements, claimOptions.chatIntervalMs);
}
