import { ProblemError } from './problem.ts';

/** A page's end as clients see it: opaque, so that what it stands for can change. */
export function encodeCursor(lastId: number): string {
  return Buffer.from(String(lastId)).toString('base64url');
}

/** @returns the id that the page before ended with; undefined if no page of ours ended so. */
function decodeCursor(cursor: string): number | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** Where the page of `cursor` begins: after the id that the page before ended with. Without a cursor, at the beginning. */
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
