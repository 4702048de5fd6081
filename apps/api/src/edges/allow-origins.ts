import cors from '@fastify/cors';
import type { App } from '../app.ts';

const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Lets pages of other origins call the API with a key or initData (CORS). Cookies don't come with such calls: a
 * session belongs to pages of this server.
 *
 * @param origins CORS_ORIGINS, separated by commas. Not given: browsers let no other page read an answer.
 */
export function allowOrigins(app: App, origins: string | undefined): void {
  if (origins === undefined) return;
  app.register(cors, {
    origin: origins.split(',').map((origin) => origin.trim()),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'x-request-id'],
    exposedHeaders: ['retry-after', 'x-request-id'],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}
