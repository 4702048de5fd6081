import { closeSync, createReadStream, existsSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { LedgerItem } from './contract.ts';

/** The ledger on disk: one JSON object a line, written before the request is answered. */
export type LedgerFile = { append(item: LedgerItem): void; clear(): void; close(): void };

/** Opens the file at `path` for appending, creates it when it is missing. Throws what the file system throws. */
export function openLedgerFile(path: string): LedgerFile {
  const file = openSync(path, 'a');
  return {
    // Synchronous on purpose: what the kernel has taken survives a SIGKILL of this process.
    append: (item) => void writeSync(file, `${JSON.stringify(item)}\n`),
    clear: () => ftruncateSync(file, 0),
    close: () => closeSync(file),
  };
}

/** Reads the items of a ledger file, oldest first; none when the file is missing. */
export async function* readLedgerFile(path: string): AsyncGenerator<LedgerItem> {
  if (!existsSync(path)) return;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    if (line !== '') yield JSON.parse(line) as LedgerItem;
  }
}
