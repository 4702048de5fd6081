import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { sendProblem } from './problem.ts';

/** Lets requests pass that carry `Authorization: Bearer <apiKey>` (RFC 6750); the others get 401. */
export function requireBearer(apiKey: string): onRequestHookHandler {
  const isKey = createKeyCheck(apiKey);
  return (request, reply, done) => {
    const presented = credentials(request, 'bearer');
    if (presented !== undefined && isKey(presented)) return done();
    reply.header('www-authenticate', 'Bearer');
    sendProblem(reply, 'unauthorized');
  };
}

/**
 * As `requireBearer`, and for people with a browser also HTTP Basic (RFC 7617) with any user name and the key as
 * password. A browser adds Basic credentials to whatever another site's page makes it send, so with them a request
 * that changes something must come from a page of this server.
 */
export function requireBearerOrBasic(apiKey: string, realm: string): onRequestHookHandler {
  const isKey = createKeyCheck(apiKey);
  return (request, reply, done) => {
    const bearer = credentials(request, 'bearer');
    if (bearer !== undefined && isKey(bearer)) return done();

    const basic = credentials(request, 'basic');
    if (basic === undefined || !isKey(passwordIn(basic))) return askForPassword(reply, realm);
    if (isChange(request) && isFromElsewhere(request)) {
      sendProblem(reply, 'cross_site_request');
      return;
    }
    done();
  };
}

function askForPassword(reply: FastifyReply, realm: string): void {
  reply.header('www-authenticate', `Basic realm="${realm}", charset="UTF-8"`);
  sendProblem(reply, 'unauthorized');
}

/** Compares in constant time: digests have one length, whatever was presented. */
function createKeyCheck(apiKey: string): (presented: string) => boolean {
  const expected = hash('sha256', apiKey, 'buffer');
  return (presented) => timingSafeEqual(hash('sha256', presented, 'buffer'), expected);
}

function credentials(request: FastifyRequest, scheme: 'bearer' | 'basic'): string | undefined {
  const [given, value] = (request.headers.authorization ?? '').split(' ', 2);
  return given?.toLowerCase() === scheme && value ? value : undefined;
}

function passwordIn(basic: string): string {
  const decoded = Buffer.from(basic, 'base64').toString();
  return decoded.slice(decoded.indexOf(':') + 1);
}

function isChange(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD';
}

/** Browsers say where a request comes from: `Sec-Fetch-Site`, the older ones `Origin`. Other clients say nothing. */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin';
  if (headers.origin === undefined) return false;
  return !URL.canParse(headers.origin) || new URL(headers.origin).host !== headers.host;
}
