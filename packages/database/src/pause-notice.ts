import { type RawBuilder, sql } from 'kysely';
import type { PauseKind } from './schema.ts';

/** The channel on which workers tell one another at once of pauses that begin. */
export const PAUSE_CHANNEL = 'replybell_pause';

export type PauseNotice = {
  kind: PauseKind;
  /** With `token`: only workers with this token hold back. Otherwise empty. */
  tokenFingerprint: string;
  /** For so long a worker holds back at once, in milliseconds; then its claims ask for the pause. */
  forMs: number;
};

/** For so long workers hold back at once what has its slot already; then their claims ask for the pause. */
const HELD_AT_ONCE_MS = 1_000;

/** An expression that tells all workers when the transaction commits. */
export const notifyOfPause = (kind: PauseKind, tokenFingerprint: string): RawBuilder<unknown> =>
  sql`pg_notify(${PAUSE_CHANNEL}, ${`${kind}:${tokenFingerprint}:${HELD_AT_ONCE_MS}`})`;

/** Undefined if somebody else has written to the channel. */
export function readPauseNotice(payload: string): PauseNotice | undefined {
  const [, kind, tokenFingerprint = '', forMs] =
    /^(throttled|outage|token|operator):(.*):(\d+)$/.exec(payload) ?? [];
  return kind === undefined ? undefined : { kind: kind as PauseKind, tokenFingerprint, forMs: Number(forMs) };
}
