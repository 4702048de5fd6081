import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import { sendProblem } from '../problem.ts';

/** Remembers the routes that are registered after it, so that `answerUnknown` can tell which methods an address has. */
export function rememberRoutes(app: App): void {
  const patterns = new Map<string, { matches: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const known = patterns.get(url) ?? { matches: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    patterns.set(url, known);
  });
  app.decorate('methodsOf', (path: string) =>
    [...patterns.values()].flatMap(({ matches, methods }) => (matches.test(path) ? [...methods] : [])),
  );
}

/** For `setNotFoundHandler`: 405 at an address that has other methods, 404 at any other. */
export function answerUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const methods = request.server.methodsOf(request.url.split('?', 1)[0] ?? '');
  if (methods.length === 0) return sendProblem(reply, 'not_found');
  return sendProblem(reply.header('allow', methods.join(', ')), 'method_not_allowed');
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}

declare module 'fastify' {
  interface FastifyInstance {
    methodsOf(path: string): string[];
  }
}
