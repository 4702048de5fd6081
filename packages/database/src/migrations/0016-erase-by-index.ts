import { type Kysely, sql } from 'kysely';

/** Erasing a person finds the answers that are kept about them without reading those about everybody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index idempotency_keys_message on idempotency_keys (message_id) where message_id is not null`.execute(
    db,
  );
  await sql`create index idempotency_keys_subject on idempotency_keys (subject) where subject is not null`.execute(
    db,
  );
}
