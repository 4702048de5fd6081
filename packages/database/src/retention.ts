import { type RawBuilder, sql } from 'kysely';
import { days } from './durations.ts';
import { LATELY } from './pauses.ts';
import type { Db } from './schema.ts';

/** A table, the columns that its rows are known by, and which of them are old. */
type Old = { table: string; key: string; oldest: RawBuilder<unknown> };

/** What is kept for how long. Notifications are kept as long as they aren't final, with all their attempts. */
const whatIsOld = (retentionDays: number): Old[] => [
  // A chat without a slot is free.
  { table: 'chat_slots', key: 'chat_id', oldest: sql`free_at < now() - interval '1 minute'` },
  { table: 'idempotency_keys', key: 'caller, key', oldest: sql`created_at <= now() - interval '1 day'` },
  { table: 'admin_sessions', key: 'id', oldest: sql`expires_at <= now()` },
  { table: 'sign_in_attempts', key: 'subject', oldest: sql`window_ends_at <= now()` },
  // Whoever comes with a link that is too old is told so for a month.
  { table: 'link_tokens', key: 'token_hash', oldest: sql`expires_at <= now() - interval '30 days'` },
  // Telegram delivers an update for a day (core.telegram.org/bots/api#getting-updates).
  {
    table: 'telegram_updates',
    key: 'bot_id, update_id',
    oldest: sql`received_at <= now() - interval '3 days'`,
  },
  // Their ids follow their times, which have no index.
  {
    table: 'audit_entries',
    key: 'id',
    oldest: sql`id in (
        select id from (select id, at from audit_entries order by id limit 500) as first
        where at <= now() - interval '365 days'
      )`,
  },
  // No worker has had the token for long. One that has it after all pauses again at its next refusal.
  {
    table: 'delivery_pauses',
    key: 'kind, token_fingerprint',
    oldest: sql`kind = 'token' and greatest(paused_until, ended_at) < now() - ${LATELY}`,
  },
  // What was folded goes with the one that speaks for it (a cascade), and is waited for as long as that one is.
  {
    table: 'notifications',
    key: 'id',
    oldest: sql`status in ('sent', 'expired', 'withdrawn') and updated_at <= now() - ${days(retentionDays)}
      order by updated_at`,
  },
];

/**
 * Removes what has been kept long enough, in every table that grows. What somebody holds at the moment stays for now.
 *
 * @param options.retentionDays how long notifications are kept once they are final.
 * @param options.limit at most so many rows of a table, so that each transaction is short.
 * @returns the most that were removed of one table: with `limit` there may be more.
 */
export async function removeOld(
  db: Db,
  { retentionDays, limit }: { retentionDays: number; limit: number },
): Promise<number> {
  let most = 0;
  for (const { table, key, oldest } of whatIsOld(retentionDays)) {
    // The limit stands in the statement: of a parameter Postgres doesn't know that it is small, and reads the whole table.
    const { numAffectedRows = 0n } = await sql`
      delete from ${sql.table(table)} where (${sql.raw(key)}) in (
        select ${sql.raw(key)} from ${sql.table(table)} where ${oldest} limit ${sql.lit(limit)} for update skip locked
      )`.execute(db);
    most = Math.max(most, Number(numAffectedRows));
  }
  return most;
}
