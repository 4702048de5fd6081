import type { Logger } from '@replybell/logger';

type StageText = { stage: string; text: string };
export type StageLogger = Record<'info' | 'warn' | 'error', (text: StageText, fields?: object) => void>;

/** Writes the fixed texts with the fields that every line about a notification carries. */
export function stageLogger(
  logger: Logger,
  jobId: string,
  about: { notificationId: number; ticketId: number; requestId: string | null; attempt: number },
): StageLogger {
  // A child writes these fields down once for all of its lines.
  const ofNotification = logger.child({
    notificationId: String(about.notificationId),
    ticketId: about.ticketId,
    jobId,
    attempt: about.attempt,
    requestId: about.requestId,
  });
  const write =
    (level: 'info' | 'warn' | 'error') =>
    ({ stage, text }: StageText, more?: object) =>
      ofNotification[level]({ stage, ...more }, text);
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
