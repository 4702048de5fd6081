import { createServer, type Server } from 'node:http';
import { prometheusContentType } from 'prom-client';
import type { Readiness } from './readiness.ts';

export type HealthServerOptions = {
  host: string;
  port: number;
  readiness: () => Promise<Readiness>;
  /** In Prometheus' text format. */
  metrics: () => Promise<string>;
};

/** Serves `/healthz` (the process runs), `/readyz` (it reaches Postgres and the queue) and `/metrics` (Prometheus). */
export async function startHealthServer(options: HealthServerOptions): Promise<Server> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    if (request.url === '/healthz') return answer(200, { status: 'ok' });
    if (request.url === '/metrics') {
      response.writeHead(200, { 'content-type': prometheusContentType });
      return response.end(await options.metrics());
    }
    if (request.url !== '/readyz') return answer(404, { status: 'not found' });
    const readiness = await options.readiness();
    return readiness.problems.length === 0
      ? answer(200, { status: 'ok', ...readiness })
      : answer(503, { status: 'unavailable', ...readiness });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return server;
}
