import type { InboxPosition } from '@replybell/database';
import { ProblemError } from './problem.ts';

/** A page's end as clients see it: opaque, so that what it stands for can change. Here: the id of its last row. */
export function encodeCursor(lastId: number): string {
  return toCursor(String(lastId));
}

/** @throws a problem if no page in the order of ids ended so. */
export function decodeCursor(cursor: string): number {
  const text = toText(cursor);
  if (!/^[1-9]\d{0,14}$/.test(text)) throw wrongCursor();
  return Number(text);
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
