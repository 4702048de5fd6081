import type { LogLine } from '@replybell/testing/started-process';

/** What the worker says of one notification, as far as somebody who watches wants to know it. */
export type DeliveryEvent = {
  kind: 'sent' | 'retrying' | 'parked' | 'failed';
  notificationId: string;
  ticketId: number;
  /** For people. */
  text: string;
  /** With `sent`. */
  telegramMessageId: number | null;
};

/** Reads an event from a line of the worker's log; undefined if the line is about something else. */
export function readDeliveryEvent({ fields }: LogLine): DeliveryEvent | undefined {
  const kind = fields && kindOf(fields);
  if (!fields || !kind) return undefined;
  const ticketId = Number(fields['ticketId']);
  const text = String(fields['msg']);
  return {
    kind,
    notificationId: String(fields['notificationId']),
    ticketId,
    text: kind === 'parked' ? `Notification for ticket ${ticketId} is parked. ${text}` : text,
    telegramMessageId: kind === 'sent' ? Number(fields['telegramMessageId']) : null,
  };
}

function kindOf(fields: Record<string, unknown>): DeliveryEvent['kind'] | undefined {
  switch (fields['stage']) {
    case 'sent':
      return 'sent';
    case 'resolve':
      return fields['level'] === 'warn' ? 'parked' : undefined;
    case 'failed':
      if (fields['outcome'] === 'unreachable') return 'parked';
      return fields['retryInMs'] === null ? 'failed' : 'retrying';
    default:
      return undefined;
  }
}
