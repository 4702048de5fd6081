import type { InboxPosition } from '@replybell/database';
import { ProblemError } from './problem.ts';

/** A page's end as clients see it: opaque, so that what it stands for can change. */
export function encodeCursor(lastId: number): string {
  return toCursor(String(lastId));
}

/** @returns the id that the page before ended with; undefined if no page of ours ended so. */
function decodeCursor(cursor: string): number | undefined {
  const text = toText(cursor);
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/**
 * For lists in the order of ids.
 *
 * @returns where the page begins that a cursor asks for; nothing without a cursor.
 * @throws a problem if no page of ours ended so.
 */
export function beforeCursor(cursor: string | undefined): { beforeId?: number } {
  if (cursor === undefined) return {};
  const beforeId = decodeCursor(cursor);
  if (beforeId === undefined) throw wrongCursor();
  return { beforeId };
}

/** A page of `limit` rows in the order of ids, out of one row more, which only tells whether there is a next page. */
export function toPage<Row extends { id: number }>(
  rows: Row[],
  limit: number,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(last.id) : null };
}

/** The end of a page of the inbox. */
export function encodeInboxCursor({ activeAtUs, ticketId }: InboxPosition): string {
  return toCursor(`${activeAtUs}.${ticketId}`);
}

/** @throws a problem if no page of the inbox ended so. */
export function decodeInboxCursor(cursor: string): InboxPosition {
  const [, activeAtUs, ticketId] = /^(\d{1,16})\.([1-9]\d{0,14})$/.exec(toText(cursor)) ?? [];
  if (activeAtUs === undefined || ticketId === undefined) throw wrongCursor();
  return { activeAtUs: Number(activeAtUs), ticketId: Number(ticketId) };
}

const toCursor = (text: string) => Buffer.from(text).toString('base64url');
const toText = (cursor: string) => Buffer.from(cursor, 'base64url').toString();

const wrongCursor = () =>
  new ProblemError('validation_failed', [{ path: 'cursor', message: 'must be the nextCursor of a page' }]);
