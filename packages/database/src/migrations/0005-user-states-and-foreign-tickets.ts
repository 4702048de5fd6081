import { type Kysely, sql } from 'kysely';

/** What is known of users: muted, unreachable, come by the Mini App, erased; notifications about tickets that another system keeps; pauses that an operator makes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table users
      add column muted_at timestamptz,
      add column unreachable_reason text,
      add column from_mini_app boolean not null default false,
      add column erased_at timestamptz`.execute(db);

  // Another system's ticket has no row here: its number, subject and address are the notification's own.
  await sql`
    alter table notifications
      alter column message_id drop not null,
      add column subject text,
      add column button_url text,
      add column locale text,
      add column settled_claim integer not null default 0,
      add check ((message_id is null) = (subject is not null))`.execute(db);

  await sql`alter table delivery_pauses drop constraint delivery_pauses_kind_check`.execute(db);
  await sql`
    alter table delivery_pauses
      add constraint delivery_pauses_kind_check check (kind in ('throttled', 'outage', 'token', 'operator'))`.execute(
    db,
  );

  // The foreign key was checked at each claim, which only writes attempts of notifications that it holds. What it did at a
  // deletion a trigger does for all deleted rows at once.
  await sql`alter table notification_attempts drop constraint notification_attempts_notification_id_fkey`.execute(
    db,
  );
  await sql`
    create function remove_attempts() returns trigger language plpgsql as $$
    begin
      delete from notification_attempts where notification_id in (select id from removed);
      return null;
    end $$`.execute(db);
  await sql`
    create trigger notifications_remove_attempts after delete on notifications
      referencing old table as removed for each statement execute function remove_attempts()`.execute(db);
}
