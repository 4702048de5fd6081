import type { FaultKind } from '@replybell/simulator';
import { sql } from 'kysely';
import type { Scene } from './scene.ts';
import { until } from './until.ts';

/** A notification, its attempts, and how often its message is in the ledger. */
export type Fate = {
  id: number;
  ticketId: number;
  status: string;
  reason: string | null;
  /** Attempts with unknown outcome. */
  unknown: number;
  /** Attempts that nobody has ended. */
  open: number;
  lastOutcome: string | null;
  /** Messages that the user got. */
  messages: number;
};

export type Judgement = {
  /** L: neither delivered nor ended with a true cause. */
  lost: number;
  /** D: messages beyond the first of a notification. */
  duplicates: number;
  /** A: attempts whose outcome is unknown. */
  unknown: number;
  /** Cuts after a request had left: what the simulator did to answers. */
  cuts: number;
  /** What must never be, in words. */
  breaches: string[];
};

/** Faults after which nobody can tell whether the message arrived. */
const cutting: FaultKind[] = [
  'reset',
  'hang',
  'accepted-then-reset',
  'accepted-then-truncated',
  'accepted-then-hang',
];

/**
 * Waits until every notification has come to its end, for now: none is pending or being sent.
 *
 * @returns how long it took, in milliseconds.
 */
export async function untilSettled({ db }: Scene): Promise<number> {
  const from = performance.now();
  const waiting = async () => {
    const { rows } = await sql<{ id: number; status: string; reason: string | null }>`
      select id, status, reason from notifications where status in ('pending', 'sending') limit 3`.execute(
      db,
    );
    return rows;
  };
  await until('no notification is pending or sending', async () => (await waiting()).length === 0, {
    describe: waiting,
  });
  return performance.now() - from;
}

/**
 * Compares what the API promised with what Postgres says and with the ledger of the simulator, whose word counts.
 *
 * @param excused whether a notification that was not delivered has ended as it should.
 */
export async function judge(
  scene: Scene,
  excused: (fate: Fate) => boolean = () => false,
): Promise<Judgement> {
  const [stats, fates, ghosts] = [await scene.telegram.stats(), ...(await readFates(scene))];
  const byId = new Map(fates.map((fate) => [String(fate.id), fate]));
  const missing = scene.admin.promised.filter(({ notificationId }) => !byId.has(notificationId));
  const lost = fates.filter((fate) => fate.messages === 0 && !excused(fate));

  const breaches = [
    ...missing.map((promised) => `no notification for ${JSON.stringify(promised)}`),
    ...lost.map((fate) => `not delivered: ${JSON.stringify(fate)}`),
    ...ghosts.map((ticketId) => `a message for ticket ${ticketId}, whose reply was never committed`),
    ...fates.flatMap((fate) => contradictions(fate)),
  ];
  if (stats.retryAfterViolations > 0) {
    breaches.push(`${stats.retryAfterViolations} requests before a retry_after had passed`);
  }
  return {
    lost: missing.length + lost.length,
    duplicates: fates.reduce((sum, fate) => sum + Math.max(0, fate.messages - 1), 0),
    unknown: fates.reduce((sum, fate) => sum + fate.unknown, 0),
    cuts: cutting.reduce((sum, kind) => sum + (stats.faultHits[kind] ?? 0), 0),
    breaches,
  };
}

function contradictions(fate: Fate): string[] {
  const told = JSON.stringify(fate);
  return [
    ...(fate.messages - 1 > fate.unknown ? [`more duplicates than unknown attempts: ${told}`] : []),
    ...(fate.messages > 0 && !['sent', 'unknown'].includes(fate.status)
      ? [`delivered all the same: ${told}`]
      : []),
    ...(fate.open > 0 ? [`an attempt without an end: ${told}`] : []),
  ];
}

async function readFates({ db, telegram }: Scene): Promise<[fates: Fate[], ghosts: number[]]> {
  const messages = new Map<number, number>();
  for (const { text } of await telegram.ledger()) {
    const ticketId = Number(/#(\d+)/.exec(text)?.[1]);
    messages.set(ticketId, (messages.get(ticketId) ?? 0) + 1);
  }
  const { rows } = await sql<Omit<Fate, 'messages'>>`
    select n.id, n.ticket_id as "ticketId", n.status, n.reason,
      count(*) filter (where a.outcome = 'unknown') as unknown,
      count(*) filter (where a.claim is not null and a.ended_at is null) as open,
      (array_agg(a.outcome order by a.claim desc))[1] as "lastOutcome"
    from notifications n left join notification_attempts a on a.notification_id = n.id
    group by n.id order by n.id`.execute(db);
  const replies = new Set(rows.map((row) => row.ticketId));
  if (replies.size < rows.length)
    throw new Error('Two replies in one ticket: their messages can not be told apart');
  return [
    rows.map((row) => ({ ...row, messages: messages.get(row.ticketId) ?? 0 })),
    [...messages.keys()].filter((ticketId) => !replies.has(ticketId)),
  ];
}
