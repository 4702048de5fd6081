import type { Db } from '@replybell/database';
import { type JobKey, openQueue, toBulkJob } from '@replybell/queue';
import { Queue } from 'bullmq';
import { sql } from 'kysely';
import type { Arena } from './arena.ts';
import { BARE_QUEUE, insertBareNotifications } from './bare/table.ts';
import type { Backend } from './sides.ts';

const JOBS_IN_ONE_ADD = 1_000;
const ATTEMPTS = 8;

/** Commits a reply with its notification for each ticket, and adds their jobs: what waits when workers come back. */
export async function addOurBacklog(arena: Arena, ticketIds: number[], backend: Backend): Promise<void> {
  const target = {
    databaseUrl: arena.databaseUrl,
    redisUrl: backend === 'redis' ? arena.redisUrl : undefined,
  };
  const queue = openQueue(target, { attempts: ATTEMPTS, onError: console.error });
  try {
    await queue.waitUntilReady();
    const keys = await insertReplies(arena.db, ticketIds);
    for (const chunk of chunksOf(keys)) await queue.addBulk(chunk.map(toBulkJob));
  } finally {
    await queue.close();
  }
  await settleStatistics(arena.db);
}

/** The bare handler's backlog, of the same size. */
export async function addBareBacklog(arena: Arena, ticketIds: number[]): Promise<void> {
  const queue = new Queue(BARE_QUEUE, { connection: { url: arena.redisUrl } });
  try {
    const jobs = await insertBareNotifications(arena.db, ticketIds);
    for (const chunk of chunksOf(jobs)) await queue.addBulk(chunk);
  } finally {
    await queue.close();
  }
  await settleStatistics(arena.db);
}

async function insertReplies(db: Db, ticketIds: number[]): Promise<JobKey[]> {
  const { rows } = await sql<JobKey>`
    with replies as (
      insert into support_messages (ticket_id, author, message)
      select unnest(${ticketIds}::bigint[]), 'admin', 'Готово, проверьте баланс.'
      returning id, ticket_id
    )
    insert into notifications (message_id, ticket_id, user_id, request_id)
    select r.id, r.ticket_id, t.user_id, gen_random_uuid()
    from replies r join support_tickets t on t.id = r.ticket_id
    returning id as "notificationId", ticket_id as "ticketId", epoch`.execute(db);
  return rows;
}

/** What autovacuum would have done by now: the planner knows the tables. */
async function settleStatistics(db: Db): Promise<void> {
  await sql`vacuum analyze`.execute(db);
}

function* chunksOf<Item>(items: Item[]): Generator<Item[]> {
  for (let from = 0; from < items.length; from += JOBS_IN_ONE_ADD)
    yield items.slice(from, from + JOBS_IN_ONE_ADD);
}
