import { type Kysely, sql } from 'kysely';

/**
 * A ticket that moves to another user, by a merge or by hand, takes its notifications along: what waits is told to whoever
 * has the ticket now, and what was parked for the one before is due again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function move_notifications() returns trigger language plpgsql as $$
    begin
      with held as (
        select id, status = 'parked' as parked from notifications
        where ticket_id = new.id and message_id is not null order by id for update
      )
      update notifications n set user_id = new.user_id, updated_at = now(),
        status = case when parked then 'pending' else n.status end,
        reason = case when parked then null else n.reason end,
        due_at = case when parked then now() - interval '1 minute' else n.due_at end,
        pending_since = case when parked then now() else n.pending_since end,
        epoch = n.epoch + parked::integer
        from held where n.id = held.id;
      perform pg_notify('replybell_relay', 'unparked');
      return null;
    end $$`.execute(db);
  await sql`
    create trigger support_tickets_move_notifications after update of user_id on support_tickets
      for each row when (old.user_id is distinct from new.user_id)
      execute function move_notifications()`.execute(db);
}
