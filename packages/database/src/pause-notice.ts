import { type RawBuilder, sql } from 'kysely';
import type { PauseKind } from './schema.ts';

/** The channel on which workers tell one another at once of pauses that begin. */
export const PAUSE_CHANNEL = 'replybell_pause';

export type PauseNotice = {
  kind: PauseKind;
  /** With `token`: only workers with this token hold back. Otherwise empty. */
  tokenFingerprint: string;
};

/** An expression that tells all workers when the transaction commits. */
export const notifyOfPause = (kind: PauseKind, tokenFingerprint: string): RawBuilder<unknown> =>
  sql`pg_notify(${PAUSE_CHANNEL}, ${`${kind}:${tokenFingerprint}`})`;

/** Undefined if somebody else has written to the channel. */
export function readPauseNotice(payload: string): PauseNotice | undefined {
  const [, kind, tokenFingerprint = ''] = /^(throttled|outage|token|operator):(.*)$/.exec(payload) ?? [];
  return kind === undefined ? undefined : { kind: kind as PauseKind, tokenFingerprint };
}
