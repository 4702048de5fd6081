import type { App } from '../app.ts';
import type { ProcessMetrics } from './process-metrics.ts';

/** Counts and times every answer by its route, as it is declared: no ids, and one name for all unknown addresses. */
export function timeRequests(app: App, { requests }: ProcessMetrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const labels = { method, route: routeOptions.url ?? 'unknown', status: reply.statusCode };
    requests.observe(labels, reply.elapsedTime / 1_000);
    done();
  });
}
