import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What this process knows of itself. Where several share a port, a scrape reaches any of them: the label `pid` keeps
 * their counts apart.
 */
export function createProcessMetrics() {
  const registry = new Registry();
  registry.setDefaultLabels({ pid: process.pid });
  collectDefaultMetrics({ register: registry });
  return {
    requests: new Histogram({
      name: 'replybell_http_request_seconds',
      help: 'Requests that were answered, and how long it took',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    eventStreams: new Gauge({
      name: 'replybell_event_streams',
      help: 'Open streams of live events',
      registers: [registry],
    }),
    /** In Prometheus' text format. */
    render: () => registry.metrics(),
  };
}

export type ProcessMetrics = ReturnType<typeof createProcessMetrics>;
