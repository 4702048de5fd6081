import { hash } from 'node:crypto';

/**
 * What is stored of a secret: whoever reads it can't use it. Secrets have 256 random bits, so nobody finds one by trying,
 * and a salt would only keep it from being looked up.
 */
export const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');
