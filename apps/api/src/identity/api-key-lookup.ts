import { type ApiKey, type Db, findValidApiKey, noteApiKeyUse } from '@replybell/database';
import type { Caller } from './caller.ts';

/** How long a key that was found counts as valid without a look: a revocation takes effect within this time, an expiry at once. */
const TRUST_MS = 2_000;
const NOTE_USE_EVERY_MS = 60_000;
const MOST_KEYS = 1_000;

type Known = { caller: Caller; trustedUntilMs: number; notedAtMs: number };

/**
 * Returns a function that finds out whose key a secret is, if it is valid. A busy key costs one indexed SELECT every two
 * seconds, and one UPDATE a minute that nobody waits for. Only keys that exist are remembered: guesses fill no memory.
 */
export function createApiKeyLookup(
  db: Db,
  { onNoteFailed }: { onNoteFailed: (error: unknown) => void },
): (secret: string) => Promise<Caller | undefined> {
  const known = new Map<string, Known>();

  function noteUse(entry: Known, nowMs: number): void {
    if (nowMs < entry.notedAtMs + NOTE_USE_EVERY_MS || entry.caller.id === null) return;
    entry.notedAtMs = nowMs;
    noteApiKeyUse(db, entry.caller.id).catch(onNoteFailed);
  }

  return async (secret) => {
    const nowMs = performance.now();
    const before = known.get(secret);
    if (before && nowMs < before.trustedUntilMs) {
      noteUse(before, nowMs);
      return before.caller;
    }
    const apiKey = await findValidApiKey(db, secret);
    known.delete(secret);
    if (!apiKey) return undefined;
    if (known.size >= MOST_KEYS) known.clear();
    const notedAtMs = before?.notedAtMs ?? Number.NEGATIVE_INFINITY;
    const trustedUntilMs = nowMs + Math.min(TRUST_MS, apiKey.expiresInMs ?? TRUST_MS);
    const entry = { caller: toCaller(apiKey), trustedUntilMs, notedAtMs };
    known.set(secret, entry);
    noteUse(entry, nowMs);
    return entry.caller;
  };
}

const toCaller = ({ id, name, role }: ApiKey): Caller => ({
  kind: 'api_key',
  id,
  name,
  role,
  key: `key:${id}`,
});
