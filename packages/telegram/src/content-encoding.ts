import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** More than a hundred updates take: what swells beyond it is no answer of the Bot API. */
const limit = { maxOutputLength: 16 * 1024 * 1024 };

/**
 * Undoes what a server or proxy did to a body, though nobody asked for it: who names no encodings takes any (RFC 9110,
 * 12.5.3). What can't be undone stays as it is.
 */
export function decodeBody(body: Buffer, contentEncoding: string): Buffer {
  try {
    switch (contentEncoding.toLowerCase()) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, limit);
      case 'deflate':
        return inflateSync(body, limit);
      case 'br':
        return brotliDecompressSync(body, limit);
      default:
        return body;
    }
  } catch {
    // It was cut, say, and so is no answer to whoever reads it.
    return body;
  }
}
