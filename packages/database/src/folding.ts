import { sql } from 'kysely';
import type { Claim } from './claim-terms.ts';
import type { Db } from './schema.ts';

/**
 * Lets claimed notifications speak for what waits at the same ticket. Those become `folded` and share the speaker's fate,
 * with what had been folded into them before; a speaker may wait as long as the newest of them. Only while its claim holds:
 * of a worker that stood still for longer, another may have sent the message since. Nobody waits for a row that somebody
 * else holds: what can't be folded is sent by itself.
 *
 * @param speakers notifications that were just claimed, at most one for each user.
 * @param foldWaiting false: only counts what was folded into them before.
 * @returns for each speaker how many replies its message tells of, its own among them.
 */
export async function foldSiblings(
  db: Db,
  speakers: Pick<Claim, 'notificationId' | 'fence'>[],
  foldWaiting: boolean,
): Promise<Map<number, number>> {
  if (speakers.length === 0) return new Map();
  const ids = speakers.map((speaker) => speaker.notificationId);
  const fences = speakers.map((speaker) => speaker.fence);
  const { rows } = await sql<{ id: number; replies: number }>`
    with speaking as (
      select c.id, c.ticket_id, c.user_id, c.subject, c.button_url
      from unnest(${ids}::bigint[], ${fences}::integer[]) as s (id, fence) join notifications c using (id)
      -- Not by its status: the index on leases would be read from end to end.
      where ${foldWaiting} and c.claim = s.fence and c.lease_until is not null
      for no key update of c skip locked
    ), waiting as (
      -- Another system's ticket may have the number of one of ours, which have no subject here, or of a third one's: it is
      -- the same if it looks so.
      select f.id, f.pending_since, c.id as speaker
      from speaking c
        join notifications f on f.ticket_id = c.ticket_id and f.user_id = c.user_id
          and f.subject is not distinct from c.subject and f.button_url is not distinct from c.button_url
      where f.id <> c.id and f.status = 'pending'
      for update of f skip locked
    ), told as (
      -- What had been folded into them.
      select f.id, f.folded_into from notifications f
      where f.folded_into in (select id from waiting)
      for update skip locked
    ), siblings as (
      select * from waiting w where not exists (
        select from notifications f where f.folded_into = w.id and f.id not in (select id from told)
      )
    ), spoken_for as (
      select id, speaker from siblings
      union all
      select t.id, s.speaker from siblings s join told t on t.folded_into = s.id
    ), folded as (
      update notifications f
      set status = 'folded', reason = null, folded_into = s.speaker, updated_at = now()
      from spoken_for s where f.id = s.id
      returning f.folded_into
    ), renewed as (
      -- What has just begun to wait must not expire with an older speaker.
      update notifications c set pending_since = s.newest
      from (select speaker, max(pending_since) as newest from siblings group by speaker) s
      where c.id = s.speaker and c.pending_since < s.newest
    )
    select speaker as id, 1 + (select count(*) from folded where folded_into = speaker)
      + (select count(*) from notifications before where before.folded_into = speaker) as replies
    from unnest(${ids}::bigint[]) as speaker`.execute(db);
  return new Map(rows.map((row) => [row.id, row.replies]));
}
