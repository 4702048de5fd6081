import { type Kysely, sql } from 'kysely';

/**
 * Each refused token has a pause of its own; the other kinds have one for all, whose fingerprint is empty. A pause for a
 * 429 ends with the answer to a trial.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    update delivery_pauses set token_fingerprint = '' where kind <> 'token' or token_fingerprint is null`.execute(
    db,
  );
  await sql`
    alter table delivery_pauses
      alter column token_fingerprint set default '',
      alter column token_fingerprint set not null,
      drop constraint delivery_pauses_pkey,
      add primary key (kind, token_fingerprint),
      add column trial_until timestamptz`.execute(db);
}
