import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@replybell/logger';
import type { App } from '../app.ts';

const SWEEP_INTERVAL_MS = 100;
/**
 * So long the server still takes requests after it was told to stop, and closes their connections with the answer: a
 * client that is just sending on an idle connection would find it reset.
 */
const IDLE_GRACE_MS = 1_000;

/**
 * Makes `app.close()` end in time. Without it, a client that keeps its connection busy, or idle, holds the server open for
 * more than a minute. Requests that run, or still arrive on open connections, are answered with `connection: close`;
 * connections that have nothing more to say are closed; after `timeoutMs` milliseconds those that are left are cut.
 */
export function drainOnClose(app: App, { timeoutMs, logger }: { timeoutMs: number; logger: Logger }): void {
  let closing = false;
  /** On which nobody has asked anything yet: to Node they are not idle. */
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }: IncomingMessage) => unused.delete(socket));

  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('preClose', async () => {
    closing = true;
    const { server } = app;
    if (server.listening) {
      await sleep(IDLE_GRACE_MS);
      const sweep = setInterval(() => {
        server.closeIdleConnections();
        for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
      }, SWEEP_INTERVAL_MS);
      const cut = setTimeout(() => {
        logger.warn(`Connections that were not done within ${timeoutMs} ms are cut`);
        server.closeAllConnections();
      }, timeoutMs);
      server.once('close', () => {
        clearInterval(sweep);
        clearTimeout(cut);
      });
    }
  });
}
