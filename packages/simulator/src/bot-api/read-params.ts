import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Params } from './params.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** A request's body, or `too-large`; rejects when the connection breaks before its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      const [only] = chunks;
      if (bytes > MAX_BODY_BYTES) resolve('too-large');
      else resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('the connection was closed before the end of the request'));
    });
  });
}

/** A method's parameters, or Telegram's words about why they can't be read. */
export type ReadParams = { ok: true; params: Params } | { ok: false; reason: string };

/**
 * Reads the parameters from the query and from a body of any of the four forms of
 * core.telegram.org/bots/api#making-requests; the body's win.
 */
export async function readParams(query: string, contentType: string, body: Buffer): Promise<ReadParams> {
  const fromQuery: Params = query === '' ? {} : Object.fromEntries(new URLSearchParams(query));
  if (body.length === 0) return { ok: true, params: fromQuery };
  const form = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (form === 'multipart/form-data') {
    const fromForm = await readMultipart(contentType, body);
    if (fromForm === null) return { ok: false, reason: "can't parse multipart/form-data" };
    return { ok: true, params: { ...fromQuery, ...fromForm } };
  }
  if (!isUtf8(body)) return { ok: false, reason: 'strings must be encoded in UTF-8' };
  const text = body.toString();
  if (form !== 'application/json') {
    return { ok: true, params: { ...fromQuery, ...Object.fromEntries(new URLSearchParams(text)) } };
  }
  const fromJson = parseObject(text);
  if (fromJson === null) return { ok: false, reason: "can't parse JSON object" };
  return { ok: true, params: query === '' ? fromJson : { ...fromQuery, ...fromJson } };
}

function parseObject(text: string): Params | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

async function readMultipart(contentType: string, body: Buffer): Promise<Params | null> {
  try {
    const headers = { 'content-type': contentType };
    const form = await new Response(new Uint8Array(body), { headers }).formData();
    // Files are of no use to the methods that the simulator knows.
    return Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
  } catch {
    return null;
  }
}
