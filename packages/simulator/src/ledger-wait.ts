import type { Ledger, LedgerQuery } from './ledger.ts';

/** Resolves when at least `count` items fit the query, or `signal` is aborted. */
export function whenCounted(
  ledger: Ledger,
  query: LedgerQuery,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let missing = count - ledger.count(query);
    const finish = () => {
      unsubscribe();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const unsubscribe = ledger.subscribe((item) => {
      if (query.chatId !== undefined && item.chatId !== query.chatId) return;
      if (item.seq <= (query.after ?? 0)) return;
      missing -= 1;
      if (missing <= 0) finish();
    });
    signal.addEventListener('abort', finish);
    if (missing <= 0 || signal.aborted) finish();
  });
}
