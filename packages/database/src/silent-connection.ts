import { Socket } from 'node:net';
import type pg from 'pg';
import { PreparingClient } from './preparing-client.ts';

/**
 * Drops the connection when a statement has waited so long and nothing was heard: its caller gets an error. The socket's own
 * timer does it, as pg's `query_timeout` keeps rows alive like its promises do.
 */
export function endSilentConnection(client: pg.ClientBase, afterMs: number): void {
  if (!(client instanceof PreparingClient)) return;
  const { stream } = client.connection;
  if (!(stream instanceof Socket)) return;
  stream.setTimeout(afterMs);
  stream.on('timeout', () => {
    if (client.isWaiting) stream.destroy(new Error('Query read timeout'));
  });
}
