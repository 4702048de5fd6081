import { ProblemError } from './problem.ts';

/** A page's end as clients see it: opaque, so that what it stands for can change. */
function encodeCursor(lastId: number): string {
  return Buffer.from(String(lastId)).toString('base64url');
}

/** @returns the id that the page before ended with; undefined if no page of ours ended so. */
function decodeCursor(cursor: string): number | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/**
 * The position that a list is asked for.
 *
 * @throws ProblemError if no page of ours ended so.
 */
export function positionOf(cursor: string | undefined): { beforeId?: number } {
  if (cursor === undefined) return {};
  const beforeId = decodeCursor(cursor);
  if (beforeId === undefined) {
    throw new ProblemError('validation_failed', [
      { path: 'cursor', message: 'must be the nextCursor of a page' },
    ]);
  }
  return { beforeId };
}

/** A page of `limit` rows out of one row more, which only tells whether there is a next page. */
export function toPage<Row extends { id: number }>(
  rows: Row[],
  limit: number,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(last.id) : null };
}
