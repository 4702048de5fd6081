import type { Logger } from './create-logger.ts';

export type OutageLog = {
  failed(error: unknown): void;
  recovered(): void;
};

const REPEAT_AFTER_MS = 60_000;

/**
 * Logs an outage of something that is tried again and again: its first failure, a reminder each minute while it
 * lasts, and its end. What a connection says a hundred times a second stays readable.
 */
export function createOutageLog(logger: Logger, texts: { failed: string; recovered?: string }): OutageLog {
  let loggedAt: number | undefined;
  return {
    failed(error) {
      if (loggedAt !== undefined && performance.now() - loggedAt < REPEAT_AFTER_MS) return;
      loggedAt = performance.now();
      logger.warn({ reason: reasonOf(error) }, texts.failed);
    },
    recovered() {
      if (loggedAt === undefined) return;
      loggedAt = undefined;
      if (texts.recovered !== undefined) logger.info(texts.recovered);
    },
  };
}

/** What an error says, in a few words. Refused connections carry their words in `code` alone. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
