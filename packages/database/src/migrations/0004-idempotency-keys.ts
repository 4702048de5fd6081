import { type Kysely, sql } from 'kysely';

/** Remembers for a day which reply a key made, so that a repeated request makes no second one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table idempotency_keys (
      caller text not null,
      key text not null,
      body_hash text not null,
      message_id bigint not null references support_messages on delete cascade,
      created_at timestamptz not null default now(),
      primary key (caller, key)
    )`.execute(db);
  await sql`create index idempotency_keys_age on idempotency_keys (created_at)`.execute(db);
}
