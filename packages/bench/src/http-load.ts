import { Client } from 'undici';

export type Load = {
  url: string;
  headers: Record<string, string>;
  /** Clients at the same time, each with a connection of its own that it keeps. */
  clients: number;
  /** Of all clients together. */
  requests: number;
  /** Each request takes the next. */
  ticketIds: number[];
};

/**
 * Posts replies, each client one after the other.
 *
 * @returns how long each answer took, in milliseconds with decimals.
 * @throws if an answer isn't 201.
 */
export async function postReplies({ url, headers, clients, requests, ticketIds }: Load): Promise<number[]> {
  const tookMs: number[] = [];
  const body = JSON.stringify({ message: 'Готово, проверьте баланс.' });
  let next = 0;

  async function runClient(client: Client): Promise<void> {
    while (next < requests) {
      const ticketId = ticketIds[next % ticketIds.length];
      next += 1;
      const fromMs = performance.now();
      const answer = await client.request({
        method: 'POST',
        path: `/api/admin/tickets/${ticketId}/replies`,
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      const text = await answer.body.text();
      tookMs.push(performance.now() - fromMs);
      if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
    }
  }

  const connections = Array.from({ length: clients }, () => new Client(url));
  try {
    await Promise.all(connections.map(runClient));
  } finally {
    await Promise.all(connections.map((client) => client.destroy()));
  }
  return tookMs;
}
