import type { App } from '../app.ts';
import { ProblemError } from '../problem.ts';

/**
 * Takes JSON bodies in UTF-8 only (RFC 8259): bytes that are none would be stored as something that nobody wrote. Bodies that
 * say to be compressed are refused, whatever they are: who makes us unpack them could make us unpack far more.
 * `__proto__` and `constructor.prototype` are refused. An empty body is none, whatever type it says to be: many clients
 * name one with every request, often a form's.
 * A route with `config: { optionalBody: true }` takes none for an empty object.
 */
export function parseJsonBodies(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    const charset = /charset="?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    const encoding = request.headers['content-encoding'] || 'identity';
    if (charset.toLowerCase() !== 'utf-8' || encoding.toLowerCase() !== 'identity') {
      return done(new ProblemError('unsupported_media_type'));
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(body as Buffer);
      void parse(request, text, done);
    } catch {
      done(new ProblemError('malformed_request'));
    }
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    body.length === 0 ? done(null, undefined) : done(new ProblemError('unsupported_media_type')),
  );
  app.addHook('onRoute', (route) => {
    if (route.config?.optionalBody !== true) return;
    route.preValidation = (request, _reply, done) => {
      request.body ??= {};
      done();
    };
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a request without a body stands for one with an empty object. */
    optionalBody?: true;
  }
}
