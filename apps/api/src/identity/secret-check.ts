import { hash, timingSafeEqual } from 'node:crypto';

/** Compares what is presented with a secret, in constant time: digests have one length, whatever was presented. */
export function createSecretCheck(secret: string): (presented: unknown) => boolean {
  const expected = hash('sha256', secret, 'buffer');
  return (presented) =>
    typeof presented === 'string' && timingSafeEqual(hash('sha256', presented, 'buffer'), expected);
}
