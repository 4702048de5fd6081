import type { Latency, LedgerItem } from '@replybell/simulator';
import { sql } from 'kysely';
import { type Arena, openArena } from '../arena.ts';
import { addOurBacklog } from '../backlog.ts';
import type { Case } from '../case.ts';
import type { Measurement } from '../measurement.ts';
import { startOurWorker } from '../sides.ts';
import { rateUse } from '../statistics.ts';

type Variant = {
  label: string;
  /** The simulator's limit, and the workers' rate. */
  messagesPerSecond: number;
  workers: number;
  messages: number;
  /** So many chats get a fifth of the messages, as fast as their interval allows. */
  busyChats: number;
  latency: Partial<Latency>;
  goalPercent: number;
};

const CHAT_INTERVAL_MS = 1_000;
const BUSY_SHARE = 5;
/** The first messages of a round warm the processes up and don't count. */
const WARM_UP_SECONDS = 2;

const variants: Variant[] = [
  {
    label: '30/s by 3 workers',
    messagesPerSecond: 30,
    workers: 3,
    messages: 660,
    busyChats: 10,
    latency: {},
    goalPercent: 99.5,
  },
  {
    label: '30/s by 3 workers, up to 25 ms of jitter',
    messagesPerSecond: 30,
    workers: 3,
    messages: 660,
    busyChats: 10,
    latency: { jitterMs: 25 },
    goalPercent: 98,
  },
  {
    label: '1,000/s by 2 workers',
    messagesPerSecond: 1_000,
    workers: 2,
    messages: 8_000,
    busyChats: 0,
    latency: {},
    goalPercent: 95,
  },
];

export const pace: Case = {
  name: 'pace',
  title: "how much of a strict Bot API's rate several workers use, and how often it refuses them",
  async run({ rounds, progress }) {
    const measurements: Measurement[] = [];
    for (const variant of variants) {
      await using arena = await openArena({ tickets: variant.messages });
      await gatherInBusyChats(arena, variant.busyChats);
      const usedPercent: number[] = [];
      let refused = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const measured = await measureRound(arena, variant);
        usedPercent.push(measured.usedPercent);
        refused += measured.refused;
        progress(
          `${variant.label}, round ${round}: ${measured.usedPercent.toFixed(2)} %, ${measured.refused} refused`,
        );
      }
      measurements.push(
        {
          kind: 'figure',
          what: `use of ${variant.label}`,
          unit: '%',
          values: usedPercent,
          goal: { atLeast: variant.goalPercent },
        },
        // Of all rounds: one refusal in any of them is one too many.
        { kind: 'figure', what: '… answers 429', unit: 'of all', values: [refused], goal: { atMost: 0 } },
      );
    }
    return measurements;
  },
};

/** Makes the owner of every fifth ticket one of `chats` users, so that their messages wait for their chats. */
async function gatherInBusyChats({ db, ticketIds }: Arena, chats: number): Promise<void> {
  if (chats === 0) return;
  const gathered = ticketIds.filter((_, index) => index % BUSY_SHARE === 0);
  await sql`
    update support_tickets t set user_id = owners.id
    from (select id, row_number() over (order by id) - 1 as place from users order by id limit ${chats}) owners
    where t.id = any(${gathered}::bigint[]) and (t.id / ${BUSY_SHARE}) % ${chats} = owners.place`.execute(db);
}

/** Starts the workers first: the backlog then meets all of them at once. */
async function measureRound(
  arena: Arena,
  { messagesPerSecond, workers, messages, latency }: Variant,
): Promise<{ usedPercent: number; refused: number }> {
  const limits = { messagesPerSecond, chatIntervalMs: CHAT_INTERVAL_MS };
  await arena.simulator.reset();
  await arena.simulator.setLimits(limits);
  await arena.simulator.setLatency(latency);

  await using stack = new AsyncDisposableStack();
  for (let number = 1; number <= workers; number += 1) {
    const worker = await startOurWorker(arena, { pace: limits, logName: `worker-${number}` });
    stack.defer(async () => void (await worker.stop()));
  }
  await addOurBacklog(arena, arena.ticketIds, 'redis');
  const timeoutMs = 3 * (messages / messagesPerSecond) * 1_000;
  const items = await arena.simulator.waitForMessages(messages, { timeoutMs });
  const { refused429 } = await arena.simulator.stats();
  const counted = whileAnyChatMaySend(items).slice(WARM_UP_SECONDS * messagesPerSecond);
  const timesMs = counted.map(({ atMs }) => atMs);
  return { usedPercent: 100 * rateUse(timesMs, messagesPerSecond), refused: refused429 };
}

/** Up to the last message of a chat that got one only: what follows waits for busy chats and not for the bot's rate. */
function whileAnyChatMaySend(items: LedgerItem[]): LedgerItem[] {
  const byChat = Map.groupBy(items, ({ chatId }) => chatId);
  return items.slice(0, items.findLastIndex(({ chatId }) => byChat.get(chatId)?.length === 1) + 1);
}
