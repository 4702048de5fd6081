import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';

const FOLDER = new URL('page/', import.meta.url);
const FILES = new Set(readdirSync(FOLDER));
const TYPES: Record<string, string> = { html: 'text/html', css: 'text/css', js: 'text/javascript' };

/** Scripts and styles only from the simulator; frames from anywhere, for the Mini Apps that buttons open. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  'frame-src http: https:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the page that shows the chats. False when the path is none of its files. */
export function servePage(request: IncomingMessage, response: ServerResponse): boolean {
  const path = request.url?.split('?', 1)[0] ?? '';
  const file = path === '/' ? 'page.html' : path.slice(1);
  if (!FILES.has(file) || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  const body = readFileSync(new URL(file, FOLDER));
  response.writeHead(200, {
    'content-type': `${TYPES[extname(file).slice(1)]}; charset=utf-8`,
    'content-length': body.length,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}
