import { readPauseNotice } from '@replybell/database';
import { type Gate, HELD_AT_ONCE_MS } from './gate.ts';

/**
 * Closes the gate for a pause that another worker has just begun, unless it is that of another token.
 *
 * @returns what listens on `PAUSE_CHANNEL`; nothing is said after a reconnection.
 */
export function hearPauses(gate: Gate, ownFingerprint: string): (payload?: string) => void {
  return (payload = '') => {
    const notice = readPauseNotice(payload);
    if (!notice || (notice.kind === 'token' && notice.tokenFingerprint !== ownFingerprint)) return;
    gate.pause(notice.kind, HELD_AT_ONCE_MS);
  };
}
