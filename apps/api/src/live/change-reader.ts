import { type Change, type Changes, type Db, findChanges, readClockMicros } from '@replybell/database';

/** What one look reads at most, most of it known from the look before. */
const LIMIT = 30_000;
/** More new changes than that nobody reads along: loading anew is faster. */
const MOST_FRESH = 5_000;
/** Each look reaches a little behind the one before: most transactions commit within this. */
const OVERLAP_MICROS = 1_000_000;
/** The longest that a transaction may take until its changes are committed, and still be seen. */
const LATEST_COMMIT_MICROS = 10_000_000;
/** How often a look reaches so far back. */
const THOROUGH_EVERY_MICROS = 5_000_000;
/** Whoever stopped reading at a moment may have missed what changed so long before it, with a second to spare. */
const RESUME_OVERLAP_MICROS = LATEST_COMMIT_MICROS + THOROUGH_EVERY_MICROS + OVERLAP_MICROS;

/** Looks again and again, and gives each change once. All times are the database's. */
export type ChangeReader = {
  /** What changed since the look before, or since the reader was made; null if that is too much. */
  next(): Promise<Changes>;
  /** All that a reader who stopped at `positionMicros` has not seen, and a little more; null if that is too much. */
  since(positionMicros: number): Promise<Changes>;
};

/** Begins to read at this moment. */
export async function createChangeReader(db: Db): Promise<ChangeReader> {
  /** The latest change that was given of each ticket and notification, as long as a look may find it again. */
  const given = new Map<string, string>();
  const beginsAt = await readClockMicros(db);
  let lookedAt = beginsAt;
  let lookedThoroughlyAt = beginsAt;

  async function look(sinceMicros: number): Promise<Changes> {
    const found = await findChanges(db, { sinceMicros, limit: LIMIT });
    const fresh = found.changes?.filter((change) => given.get(nameOf(change)) !== versionOf(change));
    for (const change of fresh ?? []) given.set(nameOf(change), versionOf(change));
    return { ...found, changes: fresh && fresh.length <= MOST_FRESH ? fresh : null };
  }

  function forgetBefore(micros: number): void {
    for (const [name, version] of given) if (Number.parseInt(version, 10) < micros) given.delete(name);
  }

  // What changed before is no news. What has changed since is: whoever joined meanwhile may have loaded what was before.
  const before = await findChanges(db, { sinceMicros: beginsAt - LATEST_COMMIT_MICROS, limit: LIMIT });
  for (const change of before.changes ?? [])
    if (change.changedAtMicros < beginsAt) given.set(nameOf(change), versionOf(change));

  return {
    async next() {
      const thorough = lookedAt - lookedThoroughlyAt >= THOROUGH_EVERY_MICROS;
      const sinceMicros = thorough ? lookedThoroughlyAt - LATEST_COMMIT_MICROS : lookedAt - OVERLAP_MICROS;
      const found = await look(sinceMicros);
      lookedAt = found.asOfMicros;
      if (thorough) {
        forgetBefore(sinceMicros);
        lookedThoroughlyAt = found.asOfMicros;
      }
      return found;
    },
    since: (positionMicros) =>
      findChanges(db, { sinceMicros: positionMicros - RESUME_OVERLAP_MICROS, limit: MOST_FRESH }),
  };
}

const nameOf = (change: Change): string =>
  change.kind === 'ticket' ? `ticket ${change.ticketId}` : `notification ${change.notificationId}`;

/** Begins with the time; the state tells changes of one microsecond apart. */
const versionOf = ({ changedAtMicros, status }: Change): string => `${changedAtMicros} ${status}`;
