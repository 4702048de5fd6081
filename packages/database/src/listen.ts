import pg from 'pg';

/** The channel on which Postgres wakes the relay: users became reachable, an operator decided. */
export const RELAY_CHANNEL = 'replybell_relay';

const RECONNECT_MS = 1_000;

/**
 * Listens to NOTIFY on some channels, over one connection of its own. After each (re)connection every handler is called
 * once without a payload, because what was said meanwhile is gone. Reconnects by itself.
 *
 * @param handlers by channel.
 * @param onError hears of each lost connection.
 * @returns a function that stops listening.
 */
export function listen(
  databaseUrl: string,
  handlers: Record<string, (payload?: string) => void>,
  onError: (error: Error) => void,
): () => Promise<void> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function connect(): Promise<void> {
    const connecting = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'replybell-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client = connecting;
    connecting.on('notification', ({ channel, payload }) => handlers[channel]?.(payload));
    connecting.on('error', (error) => reconnectLater(connecting, error));
    try {
      await connecting.connect();
      for (const [channel, handler] of Object.entries(handlers)) {
        await connecting.query(`listen ${pg.escapeIdentifier(channel)}`);
        handler();
      }
    } catch (error) {
      reconnectLater(connecting, error instanceof Error ? error : new Error(String(error)));
    }
  }

  function reconnectLater(broken: pg.Client, error: Error): void {
    if (stopped || timer || broken !== client) return;
    onError(error);
    broken.end().catch(() => {});
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, RECONNECT_MS);
  }

  void connect();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await client?.end();
  };
}
