import { type Kysely, sql } from 'kysely';

/** The trigger that frees parked notifications locks them in the order of their ids, as claims, settles and withdrawals do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function free_parked_notifications() returns trigger language plpgsql as $$
    begin
      with held as (
        select id from notifications where user_id = new.id and status = 'parked' order by id for update
      )
      update notifications n
        set status = 'pending', reason = null, due_at = now() - interval '1 minute', pending_since = now(), updated_at = now(),
            epoch = epoch + 1
        from held where n.id = held.id;
      if found then
        perform pg_notify('replybell_relay', 'unparked');
      end if;
      return null;
    end $$`.execute(db);
}
