import type { Logger } from './create-logger.ts';

export type OutageLog = {
  failed(error: unknown): void;
  works(): void;
};

const REPEAT_MS = 60_000;

/**
 * Keeps an outage from flooding the log: its first error is a line, then one each minute with the number of errors
 * that were not written, and one when it is over.
 *
 * @param what the sentence's beginning: "The queue", "The relay".
 */
export function createOutageLog(logger: Logger, what: string): OutageLog {
  let failures = 0;
  let writtenAtMs = 0;

  return {
    failed(error) {
      failures += 1;
      const now = performance.now();
      if (failures > 1 && now - writtenAtMs < REPEAT_MS) return;
      writtenAtMs = now;
      logger.error({ err: error, failures }, `${what} can not work now and keeps trying`);
    },
    works() {
      if (failures > 0) logger.info({ failures }, `${what} works again`);
      failures = 0;
    },
  };
}
