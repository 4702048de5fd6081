import helmet from '@fastify/helmet';
import type { onRequestHookHandler } from 'fastify';
import type { App } from '../app.ts';

const YEAR_S = 365 * 24 * 60 * 60;

/** Answers are data: a browser that is made to show one as a page may load and run nothing in it, nor frame it. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/**
 * For pages of this server: all they load and call is its own. Their styles may stand in the page, as Swagger UI's and
 * Bull Board's do; scripts may not.
 */
const PAGE_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends the headers that keep browsers from doing with an answer what it is not meant for. */
export function sendSecurityHeaders(app: App): void {
  app.register(helmet, {
    contentSecurityPolicy: false,
    xFrameOptions: { action: 'deny' },
    // Other programs may live on subdomains. Over plain http, browsers ignore it.
    strictTransportSecurity: { maxAge: YEAR_S, includeSubDomains: false },
  });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', DATA_POLICY);
    done();
  });
}

/** For scopes that serve pages. */
export const allowPage: onRequestHookHandler = (_request, reply, done) => {
  reply.header('content-security-policy', PAGE_POLICY);
  done();
};

/** For scopes whose answers are about people, or only for who asked. */
export const forbidStoring: onRequestHookHandler = (_request, reply, done) => {
  reply.header('cache-control', 'no-store');
  done();
};
