import { decodeCursor, encodeCursor } from './cursor.ts';
import { DEFAULT_PAGE } from './schemas/fields.ts';

/** One page of a list, as answers give it. */
export type Page<Item> = { items: Item[]; nextCursor: string | null };

/**
 * One page of a list from the newest to the oldest row.
 *
 * @param list gives the rows before `beforeId`, at most `limit`.
 * @throws a problem if no page of ours ended with the cursor.
 */
export async function pageOf<Item extends { id: number }>(
  { limit = DEFAULT_PAGE, cursor }: { limit?: number | undefined; cursor?: string | undefined },
  list: (position: { limit: number; beforeId?: number }) => Promise<Item[]>,
): Promise<Page<Item>> {
  const position = cursor === undefined ? {} : { beforeId: decodeCursor(cursor) };
  // One more than asked for tells whether there is a next page.
  const rows = await list({ ...position, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(last.id) : null };
}
