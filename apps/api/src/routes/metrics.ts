import { prometheusContentType } from 'prom-client';
import Type from 'typebox';
import type { App, GuardedParts } from '../app.ts';
import { HANDLER_TIMEOUT_MS, limitTime } from '../edges/limit-time.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import { createSystemMetrics } from '../metrics/system-metrics.ts';

const text = {
  description: "Prometheus' text format.",
  content: { 'text/plain': { schema: Type.String() } },
};

/** `GET /metrics`, with a key as everything that tells how the shop does. */
export function metricsRoutes(
  app: App,
  { identity, processMetrics, ...parts }: GuardedParts & { processMetrics: ProcessMetrics },
): void {
  limitTime(app, HANDLER_TIMEOUT_MS);
  app.addHook('onRequest', identity.requireCaller);
  const system = createSystemMetrics(parts);

  app.get(
    '/metrics',
    {
      // Scrapes come every few seconds: their lines would bury the others'.
      logLevel: 'warn',
      schema: {
        operationId: 'getMetrics',
        tags: ['operations'],
        summary: 'Figures for Prometheus',
        security: [{ apiKey: [] }, { session: [] }],
        response: { 200: text },
      },
    },
    async (_request, reply) => {
      const texts = await Promise.all([system.render(), processMetrics.render()]);
      reply.type(prometheusContentType).serializer(String);
      return texts.join('\n');
    },
  );
}
