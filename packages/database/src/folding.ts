import { sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * Lets claimed notifications speak for what waits at the same ticket. Those become `folded` and share the speaker's fate,
 * with what had been folded into them before; a speaker may wait as long as the newest of them.
 *
 * @param speakers ids of notifications that were just claimed, at most one for each user.
 * @param foldWaiting false: only counts what was folded into them before.
 * @returns for each speaker how many replies its message tells of, its own among them.
 */
export async function foldSiblings(
  db: Db,
  speakers: number[],
  foldWaiting: boolean,
): Promise<Map<number, number>> {
  if (speakers.length === 0) return new Map();
  const { rows } = await sql<{ id: number; replies: number }>`
    with siblings as (
      -- Another system's ticket may have the number of one of ours, which have no subject here, or of a third one's: it is
      -- the same if it looks so.
      select f.id, f.pending_since, c.id as speaker
      from notifications c
        join notifications f on f.ticket_id = c.ticket_id and f.user_id = c.user_id
          and f.subject is not distinct from c.subject and f.button_url is not distinct from c.button_url
      where c.id = any(${speakers}::bigint[]) and ${foldWaiting} and f.id <> c.id and f.status = 'pending'
      for update of f skip locked
    ), spoken_for as (
      select id, speaker from siblings
      union all
      select f.id, s.speaker from siblings s join notifications f on f.folded_into = s.id
    ), folded as (
      update notifications f
      set status = 'folded', reason = null, folded_into = s.speaker, updated_at = now()
      from spoken_for s where f.id = s.id
      returning f.folded_into
    ), renewed as (
      -- What has just begun to wait must not expire with an older speaker.
      update notifications c set pending_since = s.newest
      from (select speaker, max(pending_since) as newest from siblings group by speaker) s
      where c.id = s.speaker and c.pending_since < s.newest and c.id in (
        -- Held by somebody else: then its time stays as it is, as nobody may wait here.
        select id from notifications where id = any(${speakers}::bigint[]) for no key update skip locked
      )
    )
    select speaker as id, 1 + (select count(*) from folded where folded_into = speaker)
      + (select count(*) from notifications before where before.folded_into = speaker) as replies
    from unnest(${speakers}::bigint[]) as speaker`.execute(db);
  return new Map(rows.map((row) => [row.id, row.replies]));
}
