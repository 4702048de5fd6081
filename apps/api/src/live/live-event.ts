import type { Change, Pause } from '@replybell/database';

/** What a stream tells: ids and states, no texts. */
export type LiveEvent =
  | { event: 'ticket.changed'; data: { ticketId: number; status: string; priority: string } }
  | {
      event: 'notification.changed';
      data: {
        notificationId: string;
        ticketId: number;
        foreign: boolean;
        status: string;
        reason: string | null;
      };
    }
  | { event: 'delivery.paused'; data: { pauses: Pick<Pause, 'kind' | 'reason' | 'since' | 'pausedUntil'>[] } }
  | { event: 'delivery.resumed'; data: Record<string, never> }
  /** Changes were left out: what the client shows is to be loaded anew. */
  | { event: 'reset'; data: Record<string, never> };

export const reset: LiveEvent = { event: 'reset', data: {} };

export function changeEvent(change: Change): LiveEvent {
  const { status, ticketId } = change;
  switch (change.kind) {
    case 'ticket':
      return { event: 'ticket.changed', data: { ticketId, status, priority: change.priority } };
    case 'notification': {
      const { foreign, reason } = change;
      const notificationId = String(change.notificationId);
      return { event: 'notification.changed', data: { notificationId, ticketId, foreign, status, reason } };
    }
  }
}

/** Whether deliveries go on now, and if not, why. */
export function deliveryEvent(pauses: Pause[]): LiveEvent {
  if (pauses.length === 0) return { event: 'delivery.resumed', data: {} };
  return {
    event: 'delivery.paused',
    data: {
      pauses: pauses.map(({ kind, reason, since, pausedUntil }) => ({ kind, reason, since, pausedUntil })),
    },
  };
}

/**
 * Events in the format of a stream (HTML, "Server-sent events"). Only the last one carries the position: a client that
 * loses the connection before it asks for all of them again.
 */
export function encodeEvents(events: LiveEvent[], positionMicros: number): string {
  return events
    .map(({ event, data }, index) => {
      const id = index === events.length - 1 ? `id: ${positionMicros}\n` : '';
      return `event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`;
    })
    .join('');
}

/** Keeps the connection open, and the client's position up to date where nothing happens. */
export function encodeHeartbeat(positionMicros: number | undefined): string {
  return `: heartbeat\n${positionMicros === undefined ? '' : `id: ${positionMicros}\n`}\n`;
}
