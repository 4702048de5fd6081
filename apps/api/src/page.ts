import { decodeCursor, encodeCursor } from './cursor.ts';
import { ProblemError } from './problem.ts';

const DEFAULT_PAGE = 50;

/**
 * One page of a list from the newest to the oldest row.
 *
 * @param list gives the rows before `beforeId`, at most `limit`.
 */
export async function pageOf<Item extends { id: number }>(
  { limit = DEFAULT_PAGE, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  list: (position: { limit: number; beforeId?: number }) => Promise<Item[]>,
): Promise<{ items: Item[]; nextCursor: string | null }> {
  // One more than asked for tells whether there is a next page.
  const rows = await list({ ...positionOf(cursor), limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(last.id) : null };
}

function positionOf(cursor: string | undefined): { beforeId?: number } {
  if (cursor === undefined) return {};
  const beforeId = decodeCursor(cursor);
  if (beforeId === undefined) {
    throw new ProblemError('validation_failed', [
      { path: 'cursor', message: 'must be the nextCursor of a page' },
    ]);
  }
  return { beforeId };
}
